//! The same PoCo in Chinese.

use insta::assert_snapshot;
use poco_core::{Outcome, words};
use poco_tests::{World, command, scenario};

/// Ann has a project in Chinese, and everybody is there.
async fn project(world: &mut World) {
    world.say("ann", "/lang zh").await;
    world.say("ann", "hello").await;
    world.press("ann", "新建").await;
    let fields = [("name", "api"), ("backend", "codex"), ("workdir", "~/api")];
    world.fill("ann", "创建项目和群", &fields).await;
    world.folder_is("/srv/api").await;
    world.go("api").await;
    world.skim();
}

#[tokio::test]
async fn a_lobby_is_asked_to_speak_chinese() {
    scenario(async |world| {
        world.say("ann", "/lang zh").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        本会话已切换为中文。
        ");
        world.say("ann", "hello").await;
        assert_snapshot!(world.shown(), @"
        PoCo 项目
        你还没有项目。
        [新建]
        [管理]
        ");
        world.press("ann", "新建").await;
        assert_snapshot!(world.shown(), @"
        新建项目
        项目名称: _
        智能体: <codex>
        运行机器上的工作目录: /home/ann_
        [创建项目和群] [取消]
        ");
        let fields = [("name", ""), ("backend", "codex"), ("workdir", "~/api")];
        world.fill("ann", "创建项目和群", &fields).await;
        assert_snapshot!(world.shown(), @"
        新建项目
        **请填写项目名称。**
        项目名称: _
        智能体: <codex>
        运行机器上的工作目录: ~/api_
        [创建项目和群] [取消]
        ");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_project_speaks_as_its_lobby_does() {
    scenario(async |world| {
        project(world).await;
        world.say("ann", "修复登录问题").await;
        assert_snapshot!(world.shown(), @"
        [运行中] 工作区：api（codex，/srv/api，T1）
        当前任务：修复登录问题
        [停止]
        [工作目录] [智能体] [会话] [运行任务] [项目]
        [成员]
        ");
        assert_snapshot!(world.shown(), @"
        [已创建] 任务：T1（codex，/srv/api）
        ~ 修复登录问题
        [停止]
        ");
        world.agent_starts().await;
        world.skim_cards();
        world.agent_asks("a1", command("cargo test")).await;
        assert_snapshot!(world.shown_with("cargo test"), @"
        [等待确认] 任务：T1（codex，/srv/api）
        ~ 修复登录问题
        ----
        **是否运行这条命令？** `T1.1`
        目录：/srv/api
        cargo test
        [批准一次] [本次会话内都批准] [拒绝]
        : _
        [拒绝并说明原因]
        ----
        [停止]
        ");
        world.press("ann", "批准一次").await;
        assert_snapshot!(world.toast(), @"已批准一次。");
        world.press("ann", "停止").await;
        world.skim_cards();
        world.agent_ends(Outcome::Stopped { partial: None }).await;
        assert_snapshot!(world.shown_with("任务"), @"
        [已停止] 任务：T1（codex，/srv/api）
        已停止，停止前没有任何输出。
        ");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_failure_is_told_in_the_language_of_the_room() {
    scenario(async |world| {
        project(world).await;
        world.say("ann", "fix it").await;
        world.agent_starts().await;
        world.skim_cards();
        let reason = words::agent::model_busy();
        world.agent_ends(Outcome::Failed { reason, partial: None }).await;
        assert_snapshot!(world.shown_with("任务"), @"
        [出错] 任务：T1（codex，/srv/api）
        **失败**：模型请求过多。请稍等片刻再重新运行任务。
        ");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_group_is_told_in_another_language_at_once() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix it").await;
        world.agent_starts().await;
        world.skim();
        world.say("ann", "/help").await;
        world.skim();
        world.press("ann", "中文").await;
        assert_snapshot!(world.toast(), @"本会话已切换为中文。");
        let mut shown = [world.shown(), world.shown(), world.shown()];
        shown.sort();
        assert_snapshot!(shown.join("\n\n"), @"
        PoCo
        本群对应项目“api”，直接说明要做什么即可。
        **命令**
        `/run <指令>` 给智能体下达指令
        `/status [编号]` 查看当前状态或某个任务
        `/approve <编号>` 批准智能体的请求
        `/reject <编号> [原因]` 拒绝请求并说明原因
        `/stop [编号]` 停止当前任务或指定任务
        `/steer <内容>` 给正在运行的任务补充指令
        `/queue` 查看排队的任务
        `/new` 开启新的会话
        `/diff [编号]` 查看最近一个任务（或指定任务）的改动
        `/send <路径>` 把项目里的文件发到这里
        `/people` 查看成员和权限
        `/invite @成员 [角色]` 邀请成员或调整角色（viewer 观察者、member 成员、admin 管理员）
        `/remove @成员` 移除成员
        `/rules` 查看审批规则
        `/owner @成员` 移交所有项目的所有权
        `/accept` 接受移交，成为所有者
        `/lang [zh|en]` 切换本会话的语言（中文或英文）
        `/help` 查看命令列表
        [English]

        [运行中] 任务：T1（codex，/srv/api）
        ~ fix it

        [停止]

        [运行中] 工作区：api（codex，/srv/api，T1）
        当前任务：fix it
        [停止]
        [工作目录] [智能体] [会话] [运行任务] [项目]
        [成员]
        ");
        world.say("ann", "/lang fr").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        我不明白“/lang”。发送 `/help` 查看命令。
        ");
        world.skim();
    })
    .await;
}
