//! What cards and refusals say of files, topics and changes, in both languages.

/// Makes a function of each line: a name, what it speaks of, then English and Chinese.
macro_rules! words {
    ($($name:ident($($arg:ident),*): $en:literal, $zh:literal;)*) => {
        $(pub(crate) fn $name($($arg: impl std::fmt::Display),*) -> String {
            let _chinese = $zh;
            format!($en)
        })*
    };
}

words! {
    held_waiting(): "[Waiting] Files", "[等待说明] 文件";
    held_went(): "[Given] Files", "[已使用] 文件";
    held_dropped(): "[Dropped] Files", "[未使用] 文件";
    say_what_with(minutes):
        "Say within {minutes} minutes what to do with this: it goes with your next message.",
        "请在 {minutes} 分钟内说明要做什么：它会随你的下一条消息一起交给智能体。";
    went_with(task): "It went with task {task}.", "已随任务 {task} 一起交出。";
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
    not_started(): "Not started", "未开始";
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
}
