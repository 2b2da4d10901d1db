//! A project's group: its workspace card and its end.

words! {
    workspace(word, name, facts):
        "[{word}] Workspace: {name} ({facts})",
        "[{word}] 工作区：{name}（{facts}）";
    standing(word): "[{word}] PoCo", "[{word}] PoCo 状态";
    queue(count): "queue {count}", "排队 {count}";
    leaving(): "This project is being deleted.", "这个项目正在删除。";
    say_what():
        "Say what to do, in this group. `/help` lists the commands.",
        "请在本群说明要做什么。发送 `/help` 查看命令。";
    machine(): "Machine", "运行机器";
    about(name, agent, workdir):
        "Project {name}: {agent} in {workdir}",
        "项目 {name}：{agent}，工作目录 {workdir}";
    unknown_project(chat): "There is no project {chat}.", "没有项目 {chat}。";
    none_here(): "There is no project in this chat.", "这个会话里没有项目。";
    group_is_none():
        "This group is no PoCo project. Send me a direct message to make one.",
        "这个群不是 PoCo 项目。请给我发单聊消息来创建项目。";
    group_is_gone():
        "The project of this group was deleted. Send me a direct message to make a new one.",
        "这个群的项目已删除。请给我发单聊消息来新建项目。";
    deleted(name): "Deleted: {name}", "已删除：{name}";
    deleted_what_stays():
        "This project was deleted. Its folder and this chat stay as they are.",
        "项目已删除，文件夹和本群保持原样。";
    no_leave(): "You have no leave to do this.", "你没有权限执行此操作。";
}
