//! What an agent asks leave for, and the answers to it.

use crate::Text;

words! {
    run_this(): "Run this?", "要运行吗？";
    approve(): "Approve", "批准";
    reject(): "Reject", "拒绝";

    one_more(): "1 more question follows when these are answered.", "回答后还有 1 个请求。";
    many_more(count):
        "{count} more questions follow when these are answered.",
        "回答后还有 {count} 个请求。";
    command(what, cwd):
        "**Run this command?** `{what}`\nin {cwd}",
        "**是否运行这条命令？** `{what}`\n目录：{cwd}";
    patch(what, files):
        "**Change these files?** `{what}`\n{files}",
        "**是否修改这些文件？** `{what}`\n{files}";
    permission(what): "**Give these permissions?** `{what}`", "**是否授予这些权限？** `{what}`";
    questions(what): "**The agent asks** `{what}`", "**智能体提问** `{what}`";
    why(reason): "Why: {reason}", "原因：{reason}";
    allow_once(): "Allow once", "批准一次";
    allow_session(): "Allow for this session", "本次会话内都批准";
    deny(): "Deny", "拒绝";
    deny_with_why(): "Deny and tell it why", "拒绝并说明原因";
    what_instead(): "What should it do instead?", "希望它改为怎么做？";
    answer(): "Answer", "回答";

    answer_too(question): "Answer “{question}” too.", "请同时回答“{question}”。";
    answered_already(): "This was answered already.", "这个请求已经处理过了。";
    nothing_asked(): "Nothing is asked.", "当前没有待处理的请求。";
    not_asked(): "That is not asked, or not any more.", "没有这个请求，或它已失效。";
    wants_words():
        "This wants an answer in words. Fill in the card.",
        "这个问题需要文字回答，请在卡片中填写。";
    once_or_not():
        "While two people must allow such things, it is allowed once or denied.",
        "按规则，这类请求需要两人批准，只能批准一次或拒绝。";
    /// What is shown is not all of it.
    part(page, count): "This is part {page} of {count}.", "这是第 {page} 部分，共 {count} 部分。";
    which(names): "Several things are asked. Say which: {names}.", "有多个待处理的请求，请指明是哪一个：{names}。";
    you_answered(how): "You answered this already: {how}", "你已经处理过了：{how}";
    they_answered(who, how): "{who} answered this already: {how}", "{who} 已经处理过了：{how}";
    allowed_once(): "Allowed once.", "已批准一次。";
    allowed_session(): "Allowed for this session.", "本次会话内均已批准。";
    denied(): "Denied.", "已拒绝。";
    answered(): "Answered.", "已回答。";
}

/// Says that more is asked than is shown.
pub fn more(count: usize) -> Text {
    if count == 1 { one_more() } else { many_more(count) }
}
