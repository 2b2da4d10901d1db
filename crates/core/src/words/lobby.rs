//! The direct chat: projects are made and listed there.

use crate::Text;

words! {
    home(): "PoCo Projects", "PoCo 项目";
    no_projects_yet(): "You have no projects yet.", "你还没有项目。";
    one_project(): "You have 1 project.", "你有 1 个项目。";
    many_projects(count): "You have {count} projects.", "你有 {count} 个项目。";
    new(): "New", "新建";
    manage(): "Manage", "管理";
    back(): "Back", "返回";
    cancel(): "Cancel", "取消";
    welcome():
        "Welcome. You are the owner now; nobody else can make me act.",
        "欢迎！你现在是所有者，只有你可以让我执行操作。";

    new_project(): "New Project", "新建项目";
    name(): "Project name", "项目名称";
    agent(): "Agent", "智能体";
    workdir(): "Working directory on the machine", "运行机器上的工作目录";
    create(): "Create Project + Group", "创建项目和群";
    making(name): "Making “{name}”…", "正在创建“{name}”…";
    still_making(): "It is still being made.", "仍在创建中。";
    ready(name):
        "“{name}” is ready. Go to its group and say what to do.",
        "“{name}”已就绪。请到项目群里说明要做什么。";

    adopted(count):
        "Taken over from the PoCo before: {count} more. They go on in their groups.",
        "已从之前的 PoCo 接管 {count} 个项目，可在各自的群里继续。";

    above_limit(most):
        "That is more than {most}. All of them go on; new ones can be made once there are fewer.",
        "项目总数已超过 {most} 个。现有项目都会保留，减少到上限以下后才能新建。";

    needs_name(): "A project needs a name.", "请填写项目名称。";
    bad_name(most): "A name has at most {most} characters, on one line.", "名称最多 {most} 个字符，且不能换行。";
    no_agent(agent, known):
        "There is no agent “{agent}” here. There is: {known}.",
        "这里没有智能体“{agent}”，可选：{known}。";
    name_taken(name): "There is a project “{name}” already.", "已有名为“{name}”的项目。";
    too_many(most): "You have {most} projects already. Delete one first.", "你已有 {most} 个项目，请先删除一个。";
    open_failed(reason):
        "The group could not be made, so there is no project. {reason}",
        "群创建失败，项目未创建。{reason}";
    made_in_direct(): "Projects are made in a direct chat with me.", "请在与我的单聊中创建项目。";
    listed_in_direct(): "Projects are listed in a direct chat with me.", "请在与我的单聊中查看项目列表。";
    deleted_in_direct(): "Projects are deleted in a direct chat with me.", "请在与我的单聊中删除项目。";

    manage_projects(): "Manage Projects", "管理项目";
    no_projects(): "You have no projects.", "你没有项目。";
    listing(name, agent, workdir):
        "**{name}** ({agent}, {workdir})",
        "**{name}**（{agent}，{workdir}）";
    leaving(): "Being deleted: what runs in it is stopped first.", "正在删除：会先停止其中运行的任务。";
    delete(): "Delete Project", "删除项目";
    delete_sure(name):
        "Delete “{name}”? What runs in it is stopped. The folder and the chat stay.",
        "确定删除“{name}”？其中运行的任务会被停止，文件夹和群会保留。";
    gone_already(): "That project is gone already.", "这个项目已经不存在。";
    leaving_already(): "That project is being deleted already.", "这个项目正在删除中。";
}

/// Says how many projects there are.
pub fn projects(count: usize) -> Text {
    match count {
        0 => no_projects_yet(),
        1 => one_project(),
        count => many_projects(count),
    }
}
