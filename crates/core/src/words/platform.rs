//! What the chat platform refuses or cannot carry.

words! {
    picture(): "a picture", "图片";
    file(): "a file", "文件";
    folder(): "a folder", "文件夹";
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

    refused(call, message): "Feishu refused {call}: {message}", "飞书拒绝了 {call}：{message}";
    not_done(call, message): "Feishu did not do {call}: {message}", "飞书未完成 {call}：{message}";
    with_advice(failure, advice): "{failure}. {advice}", "{failure}。{advice}";
    add_bot_again(failure):
        "{failure}. Add the bot to the group again, if it still exists.",
        "{failure}。如果群还在，请重新把机器人加入群。";
    publish():
        "Publish a version of it and have it approved, then try again.",
        "请发布应用版本并通过审核，然后重试。";
    add_bot_ability():
        "Add the bot ability in the developer console and publish a version.",
        "请在开发者后台添加机器人能力并发布版本。";
    add_permission():
        "Add the missing permission to the app in the developer console and publish a new version.",
        "请在开发者后台为应用添加缺少的权限，并发布新版本。";
    enable_app():
        "Enable the app, or publish a version of it, in the Feishu admin console.",
        "请在飞书管理后台启用应用，或发布应用版本。";
    add_bot():
        "Add the bot ability to the app in the developer console and publish a version.",
        "请在开发者后台为应用添加机器人能力，并发布版本。";
    rules():
        "The rules of the group or the organisation do not allow it; ask its administrator.",
        "群或企业的规则不允许此操作，请联系管理员。";
    whitelist():
        "Add this machine's address to the app's IP whitelist.",
        "请把这台机器的地址加入应用的 IP 白名单。";
    quota():
        "The monthly quota of calls is used up; raise it or wait.",
        "本月接口调用额度已用完，请提高额度或等待下月。";
    app_id():
        "The App ID is not known here: check it with `poco config`.",
        "App ID 无效，请用 `poco config` 检查。";
    app_secret():
        "The App Secret is wrong: set it again with `poco config`.",
        "App Secret 错误，请用 `poco config` 重新设置。";
    out_of_range_retry():
        "This person is outside the app's availability range: add them to it in the developer console, publish a version and try again.",
        "此人不在应用的可用范围内：请在开发者后台将其加入，发布版本后重试。";
    out_of_range():
        "This person is outside the app's availability range: add them to it in the developer console and publish a version.",
        "此人不在应用的可用范围内：请在开发者后台将其加入并发布版本。";
    has_left():
        "This person has left the organisation.",
        "此人已离职。";
    not_addable():
        "This person can't be added to a group.",
        "无法将此人加入群。";
    not_known():
        "This person is not known to the app: pair with it again.",
        "应用不认识此人：请重新配对。";
    other_app():
        "This person belongs to another app: pair with this one.",
        "此人的标识属于其他应用：请与本应用配对。";
    content_check():
        "The platform's content check does not let this through.",
        "内容未通过飞书的内容安全检测。";
    not_in_message():
        "The file is not in that message any more; send it again.",
        "文件已不在那条消息里，请重新发送。";
    not_in_chat():
        "The bot is not in the chat of that message.",
        "机器人不在那条消息所在的会话里。";
    file_too_large(): "The platform takes no file of that size.", "平台不接受这么大的文件。";
    file_empty(): "The platform takes no empty file.", "平台不接受空文件。";
    file_format(): "The platform does not take that format.", "平台不接受这种格式。";
    put_elsewhere():
        "Put it where the agent can reach it, and say where that is.",
        "请放到智能体能访问的位置，并说明路径。";
    picture_too_large(): "The platform takes no picture of that size.", "平台不接受这个尺寸的图片。";
    not_in_bundles():
        "What is in cards and bundles can't be fetched; send it by itself.",
        "卡片和合并转发里的文件无法获取，请单独发送。";
    not_feishu():
        "This does not look like Feishu: check POCO_FEISHU_API_BASE_URL and the proxy.",
        "对方不像是飞书：请检查 POCO_FEISHU_API_BASE_URL 和代理。";
    network():
        "Check the network, the proxy and POCO_FEISHU_API_BASE_URL, then try again.",
        "请检查网络、代理和 POCO_FEISHU_API_BASE_URL，然后重试。";
}
