//! People, what they may do, and who answers what agents ask.

words! {
    people(): "People", "成员";
    title(project): "People: {project}", "成员：{project}";
    owner(): "owner", "所有者";
    admin(): "admin", "管理员";
    member(): "member", "成员";
    viewer(): "viewer", "观察者";
    admin_option(): "admin: answers for everybody, brings people in", "管理员：可处理所有请求，可邀请成员";
    member_option(): "member: gives work, answers for it", "成员：可下达任务，处理自己任务的请求";
    viewer_option(): "viewer: looks on", "观察者：只能查看";
    nobody(): "Nobody but the owner is in this project.", "这个项目里目前只有所有者。";
    make(role): "Make {role}", "设为{role}";
    make_owner(): "Make owner", "设为所有者";
    remove(): "Remove", "移除";
    remove_sure(name):
        "Remove {name}? They can do nothing here any more, at once. What waits of theirs is cancelled.",
        "移除 {name}？对方将立即失去权限，其排队中的任务会被取消。";
    whom(): "Somebody in this group", "本群的成员";
    as_what(): "As", "角色";
    invite(): "Invite", "邀请";
    back(): "Back", "返回";
    cancel(): "Cancel", "取消";
    previous(): "Previous Page", "上一页";
    next(): "Next Page", "下一页";

    shown_there(project): "The people of “{project}” are shown in its group.", "“{project}”的成员已显示在项目群中。";
    no_project(): "There is no project in this chat.", "本会话中没有项目。";
    in_groups(): "People are let in where their project is: in its group.", "请在项目群中管理成员。";
    leaving(): "This project is being deleted.", "这个项目正在删除。";
    whom_do_you_mean():
        "Say whom: mention them, as in `/invite @name member`, or choose them on the card of `/people`.",
        "请指明是谁：@对方，例如 `/invite @name member`，或在 `/people` 卡片中选择。";
    is_owner(name): "{name} is the owner, and needs no role.", "{name} 是所有者，不需要角色。";
    is_already(name, role): "{name} is {role} already.", "{name} 已经是{role}。";
    one_owner(): "There is one owner. Name one person.", "所有者只能有一位，请只指定一个人。";
    too_many(most): "A project has at most {most} people. Remove somebody first.", "一个项目最多 {most} 人，请先移除一些成员。";
    is_now(name, role): "{name} is {role} now.", "{name} 现在是{role}。";
    is_out(name): "{name} is no longer in this project.", "{name} 已不在这个项目中。";
    is_not_in(name): "{name} is not in this project.", "{name} 不在这个项目中。";
    left(name): "{name} left the group, and is no longer in this project.", "{name} 已退群，不再是项目成员。";

    the_owner(): "The owner", "所有者";
    refused(role, what, who): "As {role} you may not {what}. {who} may.", "{role}不能{what}，{who}可以。";
    a_member(): "A member", "成员";
    an_admin(): "An admin", "管理员";
    to_look(): "look", "查看";
    to_leave(): "leave", "退出";
    to_run(): "give the agent work", "给智能体下达任务";
    to_stop(): "stop tasks of your own", "停止自己的任务";
    to_stop_other(): "stop what others began", "停止他人的任务";
    to_answer(): "answer what the agent asks", "处理智能体的请求";
    to_answer_other(): "answer what the agent asks on another's task", "处理他人任务中的请求";
    to_invite(): "say who is in this project", "管理项目成员";
    to_make_admin(): "say who is an admin", "任免管理员";
    to_configure(): "change how this project runs", "修改项目设置";
    to_set_rules(): "set the rules of approval", "设置审批规则";
    to_create(): "make projects", "创建项目";
    to_delete(): "delete projects", "删除项目";
    to_hand_over(): "hand PoCo over", "移交 PoCo";

    rules(): "Approval rules", "审批规则";
    rules_title(project): "Approval rules: {project}", "审批规则：{project}";
    sender_answers(): "What the agent asks is answered by the sender of the task or an admin.", "智能体的请求由任务发起人或管理员处理。";
    members_answer(): "What the agent asks is answered by any member.", "智能体的请求可由任何成员处理。";
    two_for(what): "Two people must allow: {what}.", "需要两人批准：{what}。";
    who_answers(): "Who answers what the agent asks", "谁处理智能体的请求";
    sender_option(): "the sender of the task, or an admin", "任务发起人或管理员";
    members_option(): "any member", "任何成员";
    when_two(): "When two people must allow it", "何时需要两人批准";
    never(): "never", "从不";
    network(): "to reach the network", "访问网络";
    deleting(): "to delete", "删除";
    both(): "to reach the network or to delete", "访问网络或删除";
    all(): "always: anything outside its sandbox", "总是：沙箱之外的任何操作";
    set(): "Set", "保存";
    rules_note():
        "What an agent asks is of a kind if it says so itself, or else by its words. What neither makes clear takes two people, too.",
        "请求的类型以智能体自身的说明为准，其次根据内容中的词语判断；两者都不能确定时，同样需要两人批准。";
    needs_two(): "Then two people must be there who may allow it: make somebody an admin first.", "需要至少两个能批准的人：请先设置一位管理员。";
    rules_set(): "Set. It holds from now on, also for what is asked already.", "已保存，立即生效，包括已提出的请求。";

    two_must(): "**Two people must allow this.**", "**这个请求需要两人批准。**";
    one_of_two(): "allowed this: 1 of 2. Somebody else must, too.", "已批准（1/2），还需要另一个人批准。";
    noted(): "Noted: 1 of 2. Somebody else must allow it too.", "已记录（1/2），还需要另一个人批准。";
    you_did(): "You allowed this before. Somebody else must, too.", "你已经批准过了，还需要另一个人批准。";

    hand_over_title(): "Hand PoCo over?", "移交 PoCo？";
    hand_over_sure(name):
        "{name} becomes the owner of this PoCo and all its projects, once they send me `/accept` in a direct message within 24 hours. You stay an admin of each project.",
        "{name} 在 24 小时内与我单聊并发送 `/accept` 后，将成为这个 PoCo 及其所有项目的所有者。你会保留各项目的管理员身份。";
    hand_over(): "Hand over", "移交";
    handing_over(): "Handing over…", "正在移交…";
    offered(name):
        "It is offered to {name}, who has 24 hours to send me `/accept` in a direct message. Until then nothing changes.",
        "已向 {name} 发出移交。对方需在 24 小时内与我单聊并发送 `/accept`，在此之前一切不变。";
    owner_is_set():
        "The owner of this PoCo is named in `POCO_OWNER_OPEN_ID` on its machine. Change it there and restart.",
        "这个 PoCo 的所有者由机器上的 `POCO_OWNER_OPEN_ID` 指定，请在那里修改并重启。";
    nothing_offered(): "Nothing is offered to you.", "没有人要向你移交。";
    accept_in_direct(): "Send it in a direct message to me.", "请在与我的单聊中发送。";
    inherited(count): "Projects that are yours now: {count}.", "现在归你所有的项目：{count} 个。";
    not_any_more(): "The sender may not give the agent work any more.", "发送者已无权下达任务。";
}
