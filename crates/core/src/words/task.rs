//! Tasks: what their cards and their refusals say.

use crate::{Lang, Text};

words! {
    forgotten(): "*This page is not kept any more.*", "*此页已不再保存。*";
    title(word, id, model, workdir):
        "[{word}] Task: {id} ({model}, {workdir})",
        "[{word}] 任务：{id}（{model}，{workdir}）";

    queued(): "Queued", "排队中";
    waiting(): "Waiting", "等待确认";
    created(): "Created", "已创建";
    running(): "Running", "运行中";
    stopping(): "Stopping", "正在停止";
    complete(): "Complete", "已完成";
    error(): "Error", "出错";
    stopped(): "Stopped", "已停止";
    unknown(): "Unknown", "状态不明";
    interrupted(): "Interrupted", "已中断";
    not_started(): "Not started", "未开始";
    added(): "Added", "已并入";
    idle(): "Idle", "空闲";

    place_in_line(place): "Place {place} in line.", "排在第 {place} 位。";
    add_to_turn(): "Add to the running turn", "并入当前任务";
    cancel(): "Cancel", "取消";
    stop(): "Stop", "停止";
    resume(): "Resume", "继续";
    again(): "Run again", "重新运行";
    discard(): "Discard", "放弃";
    previous_page(): "Previous Page", "上一页";
    next_page(): "Next Page", "下一页";

    failed_because(reason): "**Failed:** {reason}", "**失败**：{reason}";
    stopped_before(): "Stopped before it said anything.", "已停止，停止前没有任何输出。";
    stopped_with(): "Stopped. This is what it had said:", "已停止。以下是停止前的输出：";
    cancelled_before(): "Cancelled before it started.", "在开始前已取消。";
    added_to(task): "Added to the running task {task}.", "已并入正在运行的任务 {task}。";
    cut_off(reason, known): "**Interrupted:** {reason} {known}", "**已中断**：{reason} {known}";
    cut_off_begun(): "It had begun; what it did until then stays.", "任务已经开始，此前所做的改动会保留。";
    cut_off_not_begun(): "It had not begun.", "任务尚未开始。";
    cut_off_unclear():
        "It is not known whether it had begun. Look at the folder before you run it again.",
        "无法确定任务是否已经开始。重新运行前请先检查工作目录。";
    silent(): "It ended without saying anything.", "任务已结束，没有任何输出。";
    one_step(): "1 step", "1 个步骤";
    many_steps(count): "{count} steps", "{count} 个步骤";
    gap(): "… (earlier text follows when the message is whole)", "…（前面的内容会在这条消息完整后补上）";

    made_way(): "Left as it is; newer ones came.", "未作处理：之后又有新的任务中断。";
    project_went(): "Left as it is: the project was deleted.", "未作处理：项目已删除。";
    resumed_as(task): "Resumed as task {task}.", "已继续，新任务为 {task}。";
    run_again_as(task): "Run again as task {task}.", "已重新运行，新任务为 {task}。";
    discarded(): "Discarded.", "已放弃。";
    settled_before(): "That was settled before.", "这个任务之前已经处理过了。";

    say_what(): "Say what you want done.", "请说明要做什么。";
    too_long(most):
        "That is too long: a prompt may have {most} KB. Put it into a file.",
        "内容太长：一条指令最多 {most} KB，请改为写进文件。";
    too_long_to_add(): "That is too long.", "内容太长。";
    line_is_full(most):
        "{most} prompts are waiting already. Cancel one or wait.",
        "已有 {most} 条指令在排队。请取消一条或稍后再试。";
    line_is_full_now():
        "Too many prompts are waiting. Cancel one first.",
        "排队的指令太多，请先取消一条。";
    is_over(): "That task is over.", "这个任务已经结束。";
    is_not_over(): "That task is not over yet.", "这个任务还没有结束。";
    done_before(): "This was done before.", "这个操作已经执行过了。";
    unknown_task(id): "There is no task {id}.", "没有任务 {id}。";
    none_here(): "There is no such task here.", "这里没有这个任务。";
    nothing_runs(): "Nothing is running.", "当前没有任务在运行。";
    stopping_already(): "It is stopping already.", "正在停止中。";
    steered(): "Added to the running task.", "已补充到正在运行的任务。";
    nothing_to_steer():
        "Nothing is running that could be added to. Send it as a prompt.",
        "当前没有可以补充指令的任务，请直接发送指令。";
    nothing_to_merge_into():
        "Nothing is running that could be added to. It will start by itself.",
        "当前没有可以并入的任务，它会自动开始。";
    waits_no_more(): "That task does not wait any more.", "这个任务已经不在排队。";
    is_next(): "That task is next already.", "这个任务已经排在最前面。";
    nothing_waits(): "Nothing waits.", "没有排队的任务。";
    not_added(): "Not added", "未能补充";
    over_before_added(why):
        "The task was over before this could be added to it. {why}",
        "补充指令送达前任务已经结束。{why}";
    fresh_next():
        "The next prompt starts a fresh conversation.",
        "下一条指令将开启新的会话。";
    runs_now(): "A task runs. Stop it first, or wait until it is over.", "有任务正在运行。请先停止它，或等它结束。";

    /// What an agent is told when it is to go on.
    go_on():
        "You were interrupted. Look at what is done already, then go on where you left off.",
        "刚才的工作被中断了。请先查看已经完成的部分，再从中断处继续。";
    /// The same, if it may not know what it was at.
    go_on_with(prompt):
        "You were interrupted. Look at what is done already, then go on where you left off. This is what you were asked:\n\n{prompt}",
        "刚才的工作被中断了。请先查看已经完成的部分，再从中断处继续。原来的指令是：\n\n{prompt}";
    now(prompt): "Now: {prompt}", "当前任务：{prompt}";
    now_named(task, prompt): "Now: `{task}` {prompt}", "当前任务：`{task}` {prompt}";
}

/// The title over the steps a task took.
pub fn steps(count: usize) -> Text {
    if count == 1 { one_step() } else { many_steps(count) }
}

/// The words in all languages that a card's title may begin with when its task is over.
pub fn is_final(title: &str, lang: Lang) -> bool {
    let over = [complete(), error(), stopped(), unknown(), interrupted(), not_started(), added()];
    over.iter().any(|word| title.starts_with(&format!("[{}] ", word.of(lang))))
}
