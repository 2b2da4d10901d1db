//! The machines that run agents.

use crate::Text;

words! {
    asleep(runner, span):
        "**{runner} is asleep** (not heard for {span}). What is asked of it waits until it is back.",
        "**{runner} 已休眠**（{span}没有响应）。发给它的指令会等到它恢复后再执行。";
    draining(runner):
        "**{runner} is draining:** it takes nothing new. What is asked of it waits.",
        "**{runner} 正在收尾**：不再接收新任务。发给它的指令会先等待。";
    held(runner):
        "**{runner} takes nothing new now:** it is draining, or is at as many tasks as it can be. This waits for it.",
        "**{runner} 暂不接收新任务**：正在收尾，或同时运行的任务已达上限。此任务会先等待。";
    put_aside(): "Not Done", "未执行";
    unreadable(runner):
        "**{runner}** could not read something it was asked to do here, and put it aside. Its PoCo may be older than what asked it: update it. If a task does not go on, stop it and run it again.",
        "**{runner}** 无法读取这里发给它的一条指令，已搁置。它的 PoCo 版本可能过旧，请更新。如果有任务没有继续，请停止后重新运行。";
    title(project): "Machine: {project}", "运行机器：{project}";
    this_one(): " (this project)", "（当前项目）";
    line(runner, mark, condition):
        "**{runner}**{mark}: {condition}",
        "**{runner}**{mark}：{condition}";
    option(runner, condition): "{runner} ({condition})", "{runner}（{condition}）";
    label(): "Machine", "运行机器";
    relocate(): "Move the project", "迁移项目";
    cancel(): "Cancel", "取消";
    folder_too():
        "The project's folder must be on the other machine too. The conversation starts afresh.",
        "目标机器上也必须有项目文件夹。会话会重新开始。";
    asleep_for(span): "asleep for {span}", "已休眠 {span}";
    takes_nothing(): "draining: takes nothing new", "正在收尾，不再接收新任务";
    takes_nothing_but(turns):
        "draining: takes nothing new, {turns} running",
        "正在收尾，不再接收新任务，{turns} 个任务运行中";
    seats(turns, seats): "{turns} of {seats} seats taken", "已占用 {turns}/{seats} 个任务位";
    idle(): "idle", "空闲";
    running(turns): "{turns} running", "{turns} 个任务运行中";
    minutes(count): "{count} min", "{count} 分钟";
    hours(count): "{count} h", "{count} 小时";
    days(): "more than a day", "超过一天";

    unknown(runner, known):
        "There is no machine “{runner}”. There is: {known}.",
        "没有运行机器“{runner}”，可选：{known}。";
    not_there(runner):
        "The machine “{runner}” is not there. Wake it, or choose another.",
        "运行机器“{runner}”不在线。请唤醒它，或选择其他机器。";
    is_draining(runner):
        "The machine “{runner}” is draining: it takes nothing new. Choose another.",
        "运行机器“{runner}”正在收尾，不再接收新任务。请选择其他机器。";
    lost(runner):
        "The machine “{runner}” has not been heard for long, so this was ended without it. It may still run there until the machine hears of it.",
        "运行机器“{runner}”长时间没有响应，任务已在这里结束。在那台机器收到消息之前，任务可能仍在那里运行。";
    without_it(): "End it without the machine", "不等机器，直接结束";
    no_other():
        "There is no other machine. `poco runner join` adds one.",
        "没有其他运行机器。用 `poco runner join` 可以添加。";
    there_already(runner): "This project is on “{runner}” already.", "项目已经在“{runner}”上。";
    no_agent(agent, runner): "There is no “{agent}” on “{runner}”.", "“{runner}”上没有“{agent}”。";
    moved(runner):
        "This project is on “{runner}” now. Its folder must be there too, and the conversation starts afresh.",
        "项目已迁移到“{runner}”。那里也必须有项目文件夹，会话会重新开始。";
}

/// A length of time, roughly; `minutes` are whole minutes.
pub fn span(minutes: u64) -> Text {
    match minutes {
        0..60 => self::minutes(minutes),
        60..1_440 => hours(minutes / 60),
        _ => days(),
    }
}
