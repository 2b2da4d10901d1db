//! What the chat platform refuses or cannot carry.

words! {
    picture(): "a picture", "图片";
    file(): "a file", "文件";
    voice(): "a voice message", "语音消息";
    video(): "a video", "视频";
    sticker(): "a sticker", "表情包";
    card(): "a card", "卡片";
    forwarded(): "forwarded messages", "转发的消息";
    location(): "a place", "位置";
    no_text(): "a message without text", "没有文字的消息";
    this_kind(): "this kind of message", "这类消息";

    no_answer_opening():
        "The chat platform did not answer. If a group of this name turns up later, it can be deleted.",
        "飞书没有响应。如果之后出现同名的群，可以将其删除。";
    not_set_up(): "No chat platform is set up. Run `poco config`.", "尚未配置飞书。请运行 `poco config`。";
    too_many_buttons(count):
        "…({count} more buttons or forms do not fit on this card)",
        "…（还有 {count} 个按钮或表单放不下）";
    more_characters(count): "…({count} more characters)", "…（还有 {count} 个字符）";
    characters(count): "…({count} characters)", "…（{count} 个字符）";
    page(number): "(page {number})", "（第 {number} 页）";
    cut(): "… (cut here: the rest did not fit)", "…（内容过长，此处截断）";
}
