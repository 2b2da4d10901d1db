//! What agents that speak ACP do, ask and fail at. Their own words are quoted as they are.

words! {
    missing(title, program, how, setting):
        "{title} was not found: there is no program `{program}`. {how}, or set {setting} to where it is.",
        "未找到 {title}：没有程序 `{program}`。{how}，或将 {setting} 设为它的位置。";
    install(with): "Install it with {with}", "请安装：{with}";
    install_it(): "Install it", "请先安装";
    could_not_start(title, why): "{title} could not be started: {why}", "{title} 无法启动：{why}";
    not_logged_in(title, how):
        "{title} is not logged in. {how} Then try again.",
        "{title} 尚未登录。{how}然后重试。";
    log_in(command): "On the machine, run {command}.", "请在运行机器上执行 {command}。";
    log_in_somehow():
        "Log in on the machine, as its documentation says.",
        "请按其文档在运行机器上登录。";
    log_in_ways(ways):
        "On the machine, log in one of its ways: {ways}.",
        "请在运行机器上用以下方式之一登录：{ways}。";
    or_key(command, key):
        "{command}, or set {key} where PoCo is started",
        "{command}，或在启动 PoCo 的环境中设置 {key}";
    refused(title, what): "{title} refused: {what}", "{title} 拒绝了：{what}";
    failed(title, what): "{title} failed: {what}", "{title} 出错：{what}";
    failed_silently(title): "{title} failed without saying why.", "{title} 出错，但没有说明原因。";
    ended(title, how): "{title} ended with {how}.", "{title} 已退出：{how}。";
    ended_so(title): "{title} ended.", "{title} 已退出。";
    hung(title): "{title} did not answer any more and was ended.", "{title} 不再响应，已被结束。";
    interrupted(): "Somebody else interrupted the turn.", "这一轮被他人中断。";
    too_much():
        "The model wrote as much as it may at once. Send “go on” to let it continue.",
        "模型单次输出已达上限。发送“继续”即可接着进行。";
    too_often(title):
        "{title} asked its model as often as it may in one turn. Send “go on” to let it continue.",
        "{title} 在一轮中请求模型的次数已达上限。发送“继续”即可接着进行。";
    would_not(title):
        "{title} refused to go on. Word the task otherwise, or start afresh with `/new`.",
        "{title} 拒绝继续。请换种说法，或用 `/new` 重新开始。";
    odd_end(title, word): "{title} ended the turn and said “{word}”.", "{title} 结束了这一轮，并称“{word}”。";
    silent(title, minutes):
        "{title} said nothing for {minutes} min, and no tool was at work. Check the network of the machine, then run the task again.",
        "{title} 已 {minutes} 分钟没有动静，也没有工具在运行。请检查运行机器的网络，然后重新运行任务。";
    stopped_there(title):
        "{title} stopped there, for it was not allowed to go on.",
        "由于未获批准，{title} 就此停止。";
    untold(text): "it was not told: {text}", "未能转告：{text}";
    no_reopening(title):
        "{title} can't go on with a conversation after it was restarted. A fresh one remembers nothing of it.",
        "{title} 重启后无法继续原会话，新会话不记得之前的内容。";
    not_reopened(title, why):
        "{title} can't go on with this conversation ({why}). A fresh one remembers nothing of it.",
        "{title} 无法继续这个会话（{why}），新会话不记得之前的内容。";
    unnamed_session(title): "{title} did not name its new session.", "{title} 没有给出新会话的编号。";
    cant_only_look(title):
        "The project is read-only, and {title} has no mode that only looks. Choose another sandbox or another agent.",
        "项目为只读，而 {title} 没有只读模式。请选择其他沙箱或其他智能体。";
    model(): "model", "模型";
    mode(): "mode", "模式";
    effort(): "reasoning effort", "推理强度";
    no_choice(title, what, value):
        "{title} lets nobody choose the {what}. Take “{value}” out of the settings.",
        "{title} 不支持选择{what}。请从设置中去掉“{value}”。";
    not_offered(title, what, value, offered):
        "{title} has no {what} “{value}”. Choose one of: {offered}.",
        "{title} 没有名为“{value}”的{what}。可选：{offered}。";
    unknown_fate(title):
        "{title} was given the task, and its connection to PoCo was lost. It does not tell what became of it: look into the project's folder.",
        "任务已交给 {title}，但与它的连接中断，无法得知结果。请查看项目文件夹。";
    only_once():
        "It can be allowed only this once: for the session means once.",
        "只能批准这一次：“本次会话”也只算一次。";
    for_session(name):
        "For the session means what the agent calls “{name}”.",
        "“本次会话”即该智能体所说的“{name}”。";
    mode_is(mode): "mode: {mode}", "模式：{mode}";
    context(used, size): "{used} of {size} tokens of context", "上下文已用 {used}/{size} 个 token";
    cost(context, amount, currency):
        "{context}, {amount} {currency} so far",
        "{context}，已花费 {amount} {currency}";
    prompt_too_long():
        "This prompt is too long for Cursor Agent without ACP. Put it into a file, or update Cursor Agent with `cursor-agent update`.",
        "对于不支持 ACP 的 Cursor Agent，这条指令太长。请写进文件，或用 `cursor-agent update` 更新。";
}
