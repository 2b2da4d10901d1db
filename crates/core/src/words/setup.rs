//! What people set up in a project: where it works, with which agent, in which conversation.

use crate::Text;

words! {
    in_its_group(): "This is done in the project's own group.", "请在项目自己的群里操作。";
    closed(): "Closed. Nothing was changed.", "已关闭，没有任何更改。";
    close(): "Cancel", "取消";
    next_task(): "It holds from the next task on. What runs or waits goes on as it was.", "从下一个任务开始生效。运行中和排队中的任务保持不变。";
    working_dir(): "Working Dir", "工作目录";
    agent(): "Agent", "智能体";
    session(): "Session", "会话";
    run_task(): "Run Task", "运行任务";
    project(): "Project", "项目";
    to_front(): "To the front", "排到最前";
    waits(place, task, prompt): "{place}. `{task}` {prompt}", "第 {place} 位：`{task}` {prompt}";
    folder_page(page, count): "Page {page} of {count}", "第 {page}/{count} 页";
    folder_total(): "No folders in it.", "里面没有文件夹。";
    nothing_fits(): "No folder has this in its name.", "没有名称包含此内容的文件夹。";

    dir_title(name): "Working Dir: {name}", "工作目录：{name}";
    dir_now(now, shown): "Now: `{now}`\nLooking at: `{shown}`", "当前：`{now}`\n正在浏览：`{shown}`";
    dir_is(now): "Now: `{now}`", "当前：`{now}`";
    open_folder(): "Open a folder", "打开文件夹";
    up(): ".. (one up)", "..（上一级）";
    filter(): "Only names with", "名称包含";
    filter_example(): "part of a name", "名称的一部分";
    open_selected(): "Open Selected", "打开所选";
    work_here(): "Work here", "在此工作";
    enter_path(): "Enter Path Manually", "手动输入路径";
    browse(): "Switch to Browse", "浏览文件夹";
    show_hidden(): "Show hidden ones", "显示隐藏文件夹";
    hide_hidden(): "Hide hidden ones", "不显示隐藏文件夹";
    presets(): "Presets", "常用目录";
    recent(): "Recent", "最近使用";
    use_default(): "Project's default", "项目默认目录";
    looking(path): "Looking at `{path}` on the machine…", "正在运行机器上查看 `{path}`…";
    looking_hint(): "If nothing comes, see whether PoCo runs on that machine, then open Working Dir again.", "如果一直没有结果，请确认 PoCo 正在那台机器上运行，然后重新打开“工作目录”。";
    path(): "Path on the machine", "运行机器上的路径";
    apply(): "Apply", "应用";
    works_in(path): "The project works in `{path}` now.", "项目现在的工作目录是 `{path}`。";
    needs_path(): "Give a path, such as `~/src/api`.", "请输入路径，例如 `~/src/api`。";
    path_too_long(most): "That is too long: a path may have {most} bytes.", "内容太长：路径最多 {most} 字节。";
    recent_title(name): "Recent Dirs: {name}", "最近使用的目录：{name}";
    no_recent(): "This project has worked in no other folder yet.", "项目还没有用过其他目录。";
    presets_title(name): "Presets: {name}", "常用目录：{name}";
    no_presets(): "No folders are kept yet.", "还没有常用目录。";
    no_preset(path): "`{path}` is not among the presets. Open Working Dir to choose another folder.", "`{path}` 不在常用目录中。请打开“工作目录”选择其他目录。";
    use_preset(place): "Use {place}", "使用第 {place} 个";
    kept_title(name): "Dir Presets: {name}", "管理常用目录：{name}";
    add_preset(): "Add Preset", "添加常用目录";
    remove(place): "Remove {place}", "移除第 {place} 个";
    too_many_presets(most): "{most} folders are kept already. Remove one first.", "已有 {most} 个常用目录，请先移除一个。";
    default_title(name): "Default Dir: {name}", "默认目录：{name}";
    default_is(path): "The project's default: `{path}`", "项目默认目录：`{path}`";
    set_default(): "Make it the default", "设为默认";

    outside(folder, roots):
        "“{folder}” is outside the folders PoCo may work in: {roots}. Choose one in there, or have the machine's operator add it to POCO_WORKDIR_ROOTS.",
        "“{folder}”不在 PoCo 可用的目录范围内：{roots}。请选择范围内的目录，或请机器管理员把它加入 POCO_WORKDIR_ROOTS。";

    agent_title(name): "Config Agent: {name}", "配置智能体：{name}";
    agent_now(agent, model, effort): "Now: **{agent}**, model {model}, reasoning {effort}", "当前：**{agent}**，模型：{model}，推理强度：{effort}";
    as_set_up(): "as the agent is set up", "沿用智能体自身的设置";
    choosing(agent): "Choose for **{agent}**:", "选择 **{agent}** 的设置：";
    no_choice(agent): "There is nothing to choose for {agent}.", "{agent} 没有可选的设置。";
    model(): "Model", "模型";
    effort(): "Reasoning effort", "推理强度";
    sandbox(): "What it may touch", "可访问范围";
    approval_policy(): "When it asks", "何时询问";
    mode(): "Permission mode", "权限模式";
    sandbox_read(): "Read only", "只读";
    sandbox_write(): "Project only", "仅项目目录";
    sandbox_full(): "Full access", "完全访问";
    ask_untrusted(): "Before anything not known as harmless", "除已知无害的操作外都询问";
    ask_on_request(): "When it wants to leave its sandbox", "需要越出沙箱时询问";
    ask_never(): "Never", "从不询问";
    use_agent(agent): "Use {agent}", "使用 {agent}";
    ask_again(): "Look again", "重新查看";
    offers_unknown(agent):
        "It is not known yet what {agent} offers: PoCo asks it in the background. If it stays so, see whether {agent} runs on the machine.",
        "还不知道 {agent} 提供哪些选项：PoCo 正在后台查询。如果一直如此，请检查 {agent} 能否在运行机器上启动。";
    not_known_yet(agent):
        "It is not known yet what {agent} offers, so nothing was changed. Try again in a moment.",
        "还不知道 {agent} 提供哪些选项，未作更改。请稍后再试。";
    not_offered(agent, wish, offered):
        "{agent} does not offer “{wish}”, so nothing was changed. It offers: {offered}.",
        "{agent} 不提供“{wish}”，未作更改。可选：{offered}。";
    offers_none(agent, wish):
        "{agent} has no such setting as “{wish}”, so nothing was changed.",
        "{agent} 没有“{wish}”这项设置，未作更改。";
    tuned(agent, model, effort): "The project has **{agent}** now, model {model}, reasoning {effort}.", "项目现在使用 **{agent}**，模型：{model}，推理强度：{effort}。";
    full_access(): "⚠ With full access it may change anything on the machine.", "⚠ 完全访问时，智能体可以更改机器上的任何内容。";

    session_title(name): "Session: {name}", "会话：{name}";
    session_now(words): "The next task goes on in “{words}”.", "下一个任务将在“{words}”中继续。";
    session_none(): "The next task starts a fresh conversation.", "下一个任务将开启新的会话。";
    session_unknown(): "The next task goes on in the present conversation.", "下一个任务将在当前会话中继续。";
    conversation(words, ago): "“{words}” · {ago}", "“{words}” · {ago}";
    ago(span): "used {span} ago", "{span}前用过";
    go_on(): "Continue", "继续";
    fork(): "Fork", "复制后继续";
    start_fresh(): "Start Fresh", "开启新会话";
    enter_session(): "Enter Session ID", "输入会话编号";
    more_sessions(count): "{count} older ones are not shown.", "另有 {count} 个更早的会话未显示。";
    session_id(): "Session ID", "会话编号";
    session_id_hint(agent):
        "The id of a conversation {agent} knows on this machine. If it does not know it, the task says so and begins afresh.",
        "{agent} 在这台机器上已有会话的编号。如果它不认识，任务会说明并开启新的会话。";
    odd_session(): "That is no session id. It has no spaces and does not begin with “-”.", "会话编号不正确：不能含空格，也不能以“-”开头。";
    others_session(agent): "That conversation is {agent}'s. Choose {agent} under Agent first, on its machine.", "这个会话属于 {agent}。请先在“智能体”中选择 {agent}，并使用它所在的运行机器。";
    picked(words): "The next task goes on in “{words}”.", "下一个任务将在“{words}”中继续。";
    picked_fork(words): "The next task goes on in a copy of “{words}”; that one stays as it is.", "下一个任务将在“{words}”的副本中继续，原会话保持不变。";

    composer_title(name): "Run Task: {name}", "运行任务：{name}";
    composer_about(agent, workdir): "{agent} in `{workdir}`", "{agent}，目录 `{workdir}`";
    prompt(): "What is to be done", "要做什么";
    submit(): "Submit Task", "提交任务";
    steer(prompt): "Or add to what runs now: {prompt}", "或补充到正在运行的任务：{prompt}";
    steer_submit(): "Add to the running turn", "补充到当前任务";
    composed(task): "It is task `{task}` now.", "已提交为任务 `{task}`。";

    project_title(name): "Project: {name}", "项目：{name}";
    project_about(agent, workdir): "{agent} in `{workdir}`", "{agent}，目录 `{workdir}`";
    configure_repo(): "Configure Repo", "配置仓库";
    configure_default(): "Configure Default Dir", "配置默认目录";
    manage_presets(): "Manage Dir Presets", "管理常用目录";
    open(): "Open", "打开";
    rename(): "Rename", "重命名";
    archive(): "Archive", "归档";
    archive_sure(name): "Archive “{name}”? It takes no tasks until it is restored. What waits is cancelled.", "确定归档“{name}”？恢复前不再接收任务，排队的任务会被取消。";
    restore(): "Restore", "恢复";
    in_group_hint(): "Working Dir, Agent and Session are on the workspace card in its group. The group keeps its own name.", "工作目录、智能体和会话在项目群的工作区卡片上设置。群名不会随之更改。";
    is_archived(): "This project is archived and takes no tasks. Restore it first.", "这个项目已归档，不接收任务。请先恢复。";
    archived(): "Archived. It takes no tasks until it is restored.", "已归档，恢复前不接收任务。";
    archived_mark(): " · archived", " · 已归档";
    restored(): "Restored.", "已恢复。";
    archived_already(): "It is archived already.", "项目已经归档。";
    restored_already(): "It is not archived.", "项目没有归档。";
    renamed_in_direct(): "Projects are renamed in a direct chat with me, under Manage.", "请在与我的单聊中，通过“管理”重命名项目。";
    no_binding():
        "A project stays in the group that was made for it. To work in another group, make a new project in a direct chat with me.",
        "项目固定在为它创建的群里。要使用其他群，请在与我的单聊中新建项目。";
    repo_title(name): "Repo: {name}", "仓库：{name}";
    repo_is(path):
        "PoCo works in a folder, whatever repository is in it: `{path}`. To use another one, clone it on the machine or have the agent do so, then choose its folder.",
        "PoCo 在文件夹中工作，不区分其中的仓库：`{path}`。要使用其他仓库，请在运行机器上克隆，或让智能体克隆，再选择它的目录。";

    tokens(turn, total): "This turn: {turn} · conversation: {total}", "本轮：{turn} · 会话累计：{total}";
    counts(input, cached, output, reasoning):
        "{input} in ({cached} cached), {output} out ({reasoning} reasoning)",
        "输入 {input}（缓存 {cached}），输出 {output}（推理 {reasoning}）";
    no_fork(agent): "{agent} can't go on in a copy of a conversation. Choose Continue instead.", "{agent} 不支持复制会话，请选择“继续”。";
}

/// What commands may touch, as people know it.
pub fn sandbox_name(sandbox: &str) -> Text {
    match sandbox {
        "read-only" => sandbox_read(),
        "workspace-write" => sandbox_write(),
        "danger-full-access" => sandbox_full(),
        other => Text::verbatim(other),
    }
}

/// When the agent asks, as people know it.
pub fn policy_name(policy: &str) -> Text {
    match policy {
        "untrusted" => ask_untrusted(),
        "on-request" => ask_on_request(),
        "never" => ask_never(),
        other => Text::verbatim(other),
    }
}
