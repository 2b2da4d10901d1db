//! What agents do, ask and fail at. Their own words are quoted as they are: see [`Text::verbatim`].

use crate::Text;

words! {
    not_here(agent, known):
        "There is no agent “{agent}” on this machine. There is: {known}.",
        "这台机器上没有智能体“{agent}”，可选：{known}。";
    gone_from_here(agent):
        "The agent “{agent}” is not on this machine.",
        "这台机器上没有智能体“{agent}”。";
    put_aside(tries, reason):
        "It was tried {tries} times and put aside: {reason}",
        "已尝试 {tries} 次，现已搁置：{reason}";
    ended_each_time(): "PoCo ended each time while it was at it.", "每次执行时 PoCo 都异常退出。";
    fresh(reason): "⚠ A fresh conversation: {reason}", "⚠ 已开启新的会话：{reason}";
    no_record(): "The agent has no record of it any more.", "智能体已没有这个任务的记录。";
    shut_down(): "PoCo was shut down.", "PoCo 已关闭。";

    no_folder(folder):
        "There is no folder `{folder}` on the machine. Make it, or choose another one.",
        "运行机器上没有文件夹 `{folder}`。请创建它，或选择其他文件夹。";
    folder_missing(folder):
        "There is no folder “{folder}” on the machine.",
        "运行机器上没有文件夹“{folder}”。";
    folder_unusable(folder, error): "“{folder}” can't be used: {error}.", "无法使用“{folder}”：{error}。";
    not_a_folder(folder): "“{folder}” is not a folder.", "“{folder}”不是文件夹。";
    not_text(folder): "The path of “{folder}” is no valid text.", "“{folder}”的路径不是有效文本。";
    no_line_breaks(): "A path has no line breaks or control characters.", "路径不能含有换行或控制字符。";
    no_home(): "It is not known where the home folder is.", "无法确定用户主目录的位置。";
    not_full(folder):
        "“{folder}” is not a full path. Begin it with / or ~/.",
        "“{folder}”不是完整路径，请以 / 或 ~/ 开头。";
    folder_not_looked_at(reason): "The folder could not be looked at: {reason}", "无法检查文件夹：{reason}";

    not_allowed(what): "{what} · not allowed", "{what} · 未批准";
    failed(what): "{what} · failed", "{what} · 失败";
    exit(what, code): "{what} · exit {code}", "{what} · 退出码 {code}";
    and_more(files, count): "{files} and {count} more", "{files}，另有 {count} 个文件";
    rerouted(model): "the model was changed to {model}", "模型已切换为 {model}";
    another_model(): "another one", "其他模型";
    trying_again(): "trying again", "正在重试";
    the_web(): "the web", "网页搜索";
    an_image(): "an image", "图片";
    compacted(): "the conversation was summed up", "会话已压缩";
    asked_secret():
        "⊘ asked for a secret, which must not be told in a chat",
        "⊘ 索要密钥，而密钥不能在聊天中提供";
    asked_input(server):
        "⊘ {server} asked for input, which PoCo can't give yet",
        "⊘ {server} 请求输入，PoCo 目前还不支持";
    a_tool(): "a tool", "某个工具";

    wants_host(host): "It wants to reach {host}.", "需要访问 {host}。";
    wants_rights(rights): "It asks for more rights: {rights}", "请求更多权限：{rights}";
    wants_to_write(root): "It asks to write anywhere under {root}.", "请求写入 {root} 下的任意位置。";
    unnamed(): "Codex does not name what it wants to run.", "Codex 没有说明要运行什么。";
    lost_diff():
        "Codex does not show this change again after a reconnect.",
        "重新连接后 Codex 不会再次给出这处改动。";

    stub_asks(): "You told the stub to ask.", "你要求 stub 先询问。";
    stub_busy(): "The stub is at it.", "stub 正在处理。";
    stub_forgot():
        "The stub remembers nothing from before PoCo was started.",
        "stub 不记得 PoCo 启动之前的任务。";
    stub_unwatched(): "Nobody watched the stub.", "没有程序在跟踪 stub。";

    codex_missing(program):
        "codex was not found: there is no program `{program}`. Install it with `npm install -g @openai/codex`, or set POCO_CODEX_COMMAND to where it is.",
        "找不到 Codex：没有程序 `{program}`。请用 `npm install -g @openai/codex` 安装，或把 POCO_CODEX_COMMAND 设为它的位置。";
    codex_unreadable(why): "Codex can't read its record: {why}", "Codex 无法读取自己的记录：{why}";
    too_long_to_look(): "The conversation is too long to look through.", "会话太长，无法查找。";
    codex_refused(why): "Codex refused: {why}", "Codex 拒绝了：{why}";
    codex_failed(why): "Codex failed: {why}", "Codex 失败：{why}";
    codex_failed_silently(): "Codex failed without saying why.", "Codex 失败，未说明原因。";
    codex_lost_thread():
        "Codex no longer has this conversation. A fresh one remembers nothing of it.",
        "Codex 已没有这个会话，新的会话不记得其中的内容。";
    codex_unnamed_thread(): "Codex did not name its new thread.", "Codex 没有给出新会话的编号。";
    codex_logged_out(more):
        "Codex is not logged in. Run `codex login` on the machine, then try again. {more}",
        "Codex 未登录。请在运行机器上执行 `codex login`，然后重试。{more}";
    codex_cut_off(): "The turn was cut off.", "这一轮被中断。";
    codex_unfinished(): "Codex left the turn unfinished.", "Codex 没有完成这一轮。";
    codex_odd_state(state): "Codex says the turn is `{state}`.", "Codex 返回的这一轮状态为 `{state}`。";
    codex_unanswering():
        "Codex did not answer any more and was ended.",
        "Codex 不再响应，已被结束。";
    codex_no_record(): "Codex has no record of the turn.", "Codex 没有这一轮的记录。";
    watched_elsewhere(): "The conversation is watched elsewhere.", "会话正由其他程序跟踪。";
    unwatchable(): "The turn can't be watched any more.", "无法继续跟踪这一轮。";
    somebody_else(): "Somebody else interrupted the turn.", "这一轮被他人中断。";
    unreachable(minutes):
        "The model could not be reached for {minutes} min. Check the network of the machine, then run the task again.",
        "{minutes} 分钟内无法连接模型。请检查运行机器的网络，然后重新运行任务。";

    claude_missing(program):
        "Claude Code was not found: there is no program `{program}`. Install it with `npm install -g @anthropic-ai/claude-code`, or set POCO_CLAUDE_COMMAND to where it is.",
        "找不到 Claude Code：没有程序 `{program}`。请用 `npm install -g @anthropic-ai/claude-code` 安装，或把 POCO_CLAUDE_COMMAND 设为它的位置。";
    claude_logged_out():
        "Claude Code is not logged in. Run `claude` on the machine and enter `/login`, or set ANTHROPIC_API_KEY where PoCo is started, then try again.",
        "Claude Code 未登录。请在运行机器上执行 `claude` 并输入 `/login`，或在启动 PoCo 的环境中设置 ANTHROPIC_API_KEY，然后重试。";
    claude_not_started(why): "Claude Code could not be started: {why}", "Claude Code 无法启动：{why}";
    claude_lost_thread():
        "Claude Code has no record of this conversation. A fresh one remembers nothing of it.",
        "Claude Code 没有这个会话的记录，新的会话不记得其中的内容。";
    claude_no_thread(): "This is no conversation of Claude Code.", "这不是 Claude Code 的会话。";
    claude_bypass(mode):
        "In the mode {mode} nobody is asked about anything. That needs POCO_CLAUDE_PERMISSION_MODE={mode} on the machine itself.",
        "{mode} 模式下任何操作都不会询问。需要在运行机器上设置 POCO_CLAUDE_PERMISSION_MODE={mode}。";
    claude_ended(): "Claude Code ended.", "Claude Code 已退出。";
    claude_ended_with(status): "Claude Code ended with {status}.", "Claude Code 已退出：{status}。";
    claude_killed(): "Claude Code was ended or killed.", "Claude Code 被结束或强制终止。";
    claude_died(): "Claude Code died over it.", "Claude Code 在执行中意外退出。";
    claude_unanswering():
        "Claude Code did not answer any more and was ended.",
        "Claude Code 不再响应，已被结束。";
    claude_unwritten():
        "Claude Code began with this and did not write down how it ended.",
        "Claude Code 已开始处理，但没有记录结果。";
    claude_failed(why): "Claude Code failed: {why}", "Claude Code 失败：{why}";
    claude_failed_silently():
        "Claude Code failed without saying why.",
        "Claude Code 失败，未说明原因。";
    claude_max_turns():
        "Claude Code took as many steps as it may. Ask it to go on.",
        "Claude Code 已达到步数上限。可以让它继续。";
    claude_budget(): "Claude Code has spent what it may.", "Claude Code 已达到费用上限。";
    claude_login():
        "The model does not accept who is logged in. Run `claude` on the machine and enter `/login`, then try again.",
        "模型不接受当前的登录。请在运行机器上执行 `claude` 并输入 `/login`，然后重试。";
    claude_once():
        "“Allow for this session” allows this once only: Claude Code has no rule for just this.",
        "选择“本次会话内都批准”也只批准这一次：Claude Code 没有恰好对应它的规则。";
    claude_file():
        "“Allow for this session” allows every change to this file.",
        "选择“本次会话内都批准”将批准对该文件的所有修改。";
    claude_plan(): "It has made this plan and wants to begin.", "计划已拟好，请求开始执行。";
    asked_unknown(what):
        "⊘ asked for {what}, which PoCo can't do",
        "⊘ 请求了 {what}，PoCo 不支持";
    retry(why, now, all): "{why}, try {now} of {all}", "{why}，第 {now}/{all} 次重试";
    model_unreached(): "the model can't be reached", "无法连接模型";

    model_login():
        "The model refused codex's login. Run `codex login` on the machine, then run the task again.",
        "模型拒绝了 Codex 的登录。请在运行机器上执行 `codex login`，然后重新运行任务。";
    model_busy():
        "The model gets too many requests. Wait a little, then run the task again.",
        "模型请求过多。请稍等片刻再重新运行任务。";
    model_used_up():
        "The usage limit of this account is reached. Wait until it is renewed, or raise it, then run the task again.",
        "账号用量已达上限。请等待恢复或提高上限，然后重新运行任务。";
    model_too_long():
        "The conversation is too long for the model. Start a fresh one with `/new`.",
        "会话超出模型长度限制。请用 `/new` 开启新的会话。";
    model_trouble():
        "The model has trouble at the moment. Run the task again later.",
        "模型暂时不可用。请稍后重新运行任务。";
    model_unknown():
        "There is no such model for this account. Choose another one in the settings.",
        "此账号没有这个模型。请在设置中选择其他模型。";
    model_network():
        "The connection to the model failed. Check the network of the machine, then run the task again.",
        "连接模型失败。请检查运行机器的网络，然后重新运行任务。";
    sandbox_failed():
        "The sandbox could not be set up. Try `codex sandbox -- true` on the machine to see why.",
        "沙箱启动失败。请在运行机器上执行 `codex sandbox -- true` 查看原因。";
    model_bad_request(): "The model did not accept the request.", "模型没有接受请求。";
    model_policy():
        "The model's provider does not allow this. Word the task otherwise.",
        "模型提供方不允许此内容。请换一种说法。";
    detail(text, said): "{text} ({said})", "{text}（{said}）";
}

/// Adds in brackets what an agent said itself, if it said anything.
pub fn with_detail(text: Text, said: &str) -> Text {
    if said.is_empty() { text } else { detail(text, said) }
}
