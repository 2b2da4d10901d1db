//! Files, topics and changes: what goes with a prompt, and what comes out of it.

words! {
    held_waiting(): "[Waiting] Files", "[等待说明] 文件";
    held_went(): "[Given] Files", "[已使用] 文件";
    held_dropped(): "[Dropped] Files", "[未使用] 文件";
    say_what_with(minutes):
        "Say within {minutes} minutes what to do with this: it goes with your next message.",
        "请在 {minutes} 分钟内说明要做什么：它会随你的下一条消息一起交给智能体。";
    went_with(task): "It went with task {task}.", "已随任务 {task} 一起交给智能体。";
    came_too_late():
        "Nobody said in time what to do with it. Send it again if it is wanted.",
        "超时未收到说明，未作处理。需要时请重新发送。";
    left_alone(): "Left alone, as you said.", "已按你的要求忽略。";
    left_with_project(): "Left alone: the project was deleted.", "未作处理：项目已删除。";
    drop(): "Drop", "忽略";
    settled(): "This was settled before.", "这已经处理过了。";
    too_many(files, quotes):
        "That is too much for one prompt: it may bring {files} files and quote {quotes} messages. Say what to do with those that wait, or send less.",
        "内容太多：一条指令最多带 {files} 个文件、引用 {quotes} 条消息。请先说明如何处理已发送的文件，或少发一些。";
    too_many_wait():
        "Files of too many people wait for words here. Say what to do with those first.",
        "等待说明的文件太多，请先处理已有的文件。";
    only_in_projects():
        "Files and pictures go to a project: send them in its group.",
        "文件和图片请发到项目群里。";
    forwarded(): "forwarded messages", "转发的消息";
    quoted(): "a quoted message", "引用的消息";
    comes_with(names): "With: {names}", "附带：{names}";
    not_added():
        "It comes with files, which can't be added to a running turn. It will start by itself.",
        "它附带文件，无法并入正在运行的任务，会自动开始。";
    lacking(list):
        "**Not started:** this could not be had.\n\n{list}",
        "**未开始**：以下内容无法获取。\n\n{list}";
    missing_one(name, why): "- {name}: {why}", "- {name}：{why}";
    try_again(): "Try again", "重试";
    run_without(): "Run without", "不带这些继续";
    run_without_as(task): "Run without it as task {task}.", "已不带这些继续，新任务为 {task}。";
    nothing_missing(): "Nothing was missing there.", "该任务没有缺少的内容。";
    changes(files, added, removed):
        "Changes: {files} files, +{added} −{removed}", "改动：{files} 个文件，+{added} −{removed}";
    changes_of(task): "[Changes] Task: {task}", "[改动] 任务：{task}";
    no_changes(): "Nothing is known to have been changed yet.", "目前没有已知的改动。";
    no_changes_of(task): "Task {task} is not known to have changed anything.", "任务 {task} 没有已知的改动。";
    back(): "Back", "返回";
    send_file(name): "Send {name}", "发送 {name}";
    sending(name): "Sending {name}…", "正在发送 {name}…";
    sends_project_files():
        "Files are sent from projects: ask in the group of one.", "只能发送项目里的文件，请在项目群里使用。";
    not_sent(): "Not sent", "未发送";
    not_sent_because(path, why): "`{path}`: {why}", "`{path}`：{why}";
    with_a_command(): "files with a command", "带文件的命令";
    picture(): "picture", "图片";
    unset():
        "Nothing can be fetched: no chat platform is set up here.",
        "无法获取：这里没有设置聊天平台。";
    no_platform(): "There is no chat platform to send files to.", "没有可以发送文件的聊天平台。";
    sent_or_not():
        "It is not known whether it was sent before PoCo was stopped. Look above, and ask again if it is missing.",
        "无法确定 PoCo 停止前是否已发送。请查看上文，没有的话再请求一次。";
    too_slow(): "It took too long to fetch. Try again, or send less.", "获取时间过长，请重试或少发一些。";
    recalled(): "The message was recalled.", "消息已撤回。";
    outside(): "It is outside of the project.", "它在项目目录之外。";
    hidden(): "Hidden files stay on the machine: they often hold secrets.", "隐藏文件不会发送，它们常含有密钥。";
    may_be_secret(): "Files that may hold keys or passwords stay on the machine.", "可能含有密钥或密码的文件不会发送。";
    holds_secret(name): "It holds a secret ({name}), so it stays on the machine.", "它含有密钥（{name}），不会发送。";
    none_such(): "There is no such file in the project.", "项目里没有这个文件。";
    no_project_folder(): "The project's folder is not there.", "项目目录不存在。";
    unreadable(why): "It can't be read: {why}.", "无法读取：{why}。";
    no_file(): "That is no file.", "这不是文件。";
    no_path(): "That is no path.", "这不是路径。";
    changed_just_now(): "It was changed in this moment. Try again.", "它刚刚被修改，请重试。";
    empty(): "It is empty, and the platform takes no empty file.", "文件为空，平台不接受空文件。";
    too_large(most): "It is too large: the platform takes {most} MB.", "文件太大：平台最多接受 {most} MB。";
}
