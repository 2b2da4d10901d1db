//! Text commands: what each does, and what is said when one is not understood.

words! {
    in_project(name):
        "This group is the project “{name}”. Just say what to do.",
        "本群对应项目“{name}”，直接说明要做什么即可。";
    in_lobby(): "Here you make projects; each gets a group of its own.", "在这里创建项目，每个项目有自己的群。";
    commands(list): "**Commands**\n{list}", "**命令**\n{list}";
    unknown(what):
        "I do not know how to do “{what}” like this. `/help` lists the commands.",
        "我不明白“{what}”。发送 `/help` 查看命令。";
    unsupported(what):
        "I can't make anything of {what}. Please write what you need, or send a file or a picture.",
        "我无法处理{what}。请用文字说明需求，或发送文件、图片。";

    usage(usage, what): "`{usage}` {what}", "`{usage}` {what}";
    run_usage(): "/run <prompt>", "/run <指令>";
    run(): "give the agent a prompt", "给智能体下达指令";
    status_usage(): "/status [id]", "/status [编号]";
    status(): "show where things stand, or one task", "查看当前状态或某个任务";
    approve_usage(): "/approve <id>", "/approve <编号>";
    approve(): "let the agent do what it asked for", "批准智能体的请求";
    reject_usage(): "/reject <id> [why]", "/reject <编号> [原因]";
    reject(): "do not let it, and tell it why", "拒绝请求并说明原因";
    stop_usage(): "/stop [id]", "/stop [编号]";
    stop(): "stop the current task, or this one", "停止当前任务或指定任务";
    steer_usage(): "/steer <text>", "/steer <内容>";
    steer(): "add to the running task", "给正在运行的任务补充指令";
    queue_usage(): "/queue", "/queue";
    queue(): "list what waits", "查看排队的任务";
    new_usage(): "/new", "/new";
    new(): "start a fresh conversation", "开启新的会话";
    diff_usage(): "/diff [id]", "/diff [编号]";
    diff(): "show what the last task changed, or this one", "查看最近一个任务（或指定任务）的改动";
    send_usage(): "/send <path>", "/send <路径>";
    send(): "send a file of the project here", "把项目里的文件发到这里";
    move_usage(): "/move [machine]", "/move [运行机器]";
    relocate(): "have this project run on another machine", "把项目迁移到其他运行机器";
    people_usage(): "/people", "/people";
    people(): "show who may do what here", "查看成员和权限";
    invite_usage(): "/invite @person [role]", "/invite @成员 [角色]";
    invite():
        "let somebody in, as viewer, member or admin, or change what they are",
        "邀请成员或调整角色（viewer 观察者、member 成员、admin 管理员）";
    remove_usage(): "/remove @person", "/remove @成员";
    remove(): "let somebody in no more", "移除成员";
    rules_usage(): "/rules", "/rules";
    rules(): "show who answers what the agent asks", "查看审批规则";
    owner_usage(): "/owner @person", "/owner @成员";
    owner(): "make somebody else the owner of all projects", "移交所有项目的所有权";
    accept_usage(): "/accept", "/accept";
    accept(): "become the owner, as was offered to you", "接受移交，成为所有者";
    lang_usage(): "/lang [zh|en]", "/lang [zh|en]";
    lang(): "speak Chinese or English in this chat", "切换本会话的语言（中文或英文）";
    help_usage(): "/help", "/help";
    help(): "list the commands", "查看命令列表";

    tapped(): "Your tap has arrived. The terminal says the rest.", "已收到点击，其余结果请看终端。";

    now_english(): "This chat speaks English now.", "本会话已切换为英文。";
    now_chinese(): "This chat speaks Chinese now.", "本会话已切换为中文。";
    /// On a button that switches the language, so in the other one.
    lang_switch(): "中文", "English";
}
