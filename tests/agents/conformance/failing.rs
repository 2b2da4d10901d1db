//! What goes wrong is told with its reason and the next step.

use super::{Fixture, Play};
use poco_core::{Lang, ThreadId};
use poco_runner::agent::{AgentError, End, Found};

pub(super) async fn not_installed<F: Fixture>() {
    let mut stage = F::new().await;
    let advice = stage.uninstall();
    let why = stage.agent().ready().await.unwrap_err();
    assert!(why.of(Lang::En).contains(advice), "{why:?}");
    let settings = stage.settings().clone();
    let opened = stage.agent().open(None, &settings).await;
    assert!(
        matches!(&opened, Err(AgentError::Refused(why)) if why.of(Lang::En).contains(advice)),
        "{opened:?}"
    );
}

pub(super) async fn not_logged_in<F: Fixture>() {
    let mut stage = F::new().await;
    let advice = stage.log_out();
    let why = stage.agent().ready().await.unwrap_err();
    assert!(why.of(Lang::En).contains(advice), "{why:?}");
    assert!(stage.model().seen().is_empty(), "that is known without asking the model");
}

pub(super) async fn no_such_folder<F: Fixture>() {
    let mut stage = F::new().await;
    stage.settings().workdir = stage.work("nowhere").to_str().unwrap().to_owned();
    let settings = stage.settings().clone();
    let opened = stage.agent().open(None, &settings).await;
    assert!(
        matches!(opened, Err(AgentError::Refused(why)) if why.of(Lang::En).contains("nowhere"))
    );
}

pub(super) async fn the_model_fails<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    for how in ["400", "401"] {
        let prompt = format!("fail: {how}");
        let (end, _) = stage.run(&thread, how, &prompt).await;
        let End::Failed { reason } = end else { panic!("{how}: {end:?}") };
        assert!(!reason.is_empty() && !reason.of(Lang::En).contains('{'), "{how}: {reason:?}");
        assert_eq!(stage.turns(&prompt), 1);
        let found = stage.find(&thread, how).await;
        assert!(matches!(found, Found::Over { end: End::Failed { .. }, .. }), "{how}");
    }
    assert_eq!(stage.run(&thread, "on", "go on").await.0, End::Completed);
}

pub(super) async fn a_strange_task_is_not_taken_for_known<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    stage.run(&thread, "known", "hello").await;
    let found = stage.find(&thread, "strange").await;
    assert!(matches!(found, Found::Never | Found::Unknown { .. }));
}

pub(super) async fn a_lost_conversation_is_told<F: Fixture>() {
    let mut stage = F::new().await;
    let gone = ThreadId::new("01a00000-0000-7000-8000-000000000000");
    let settings = stage.settings().clone();
    let opened = stage.agent().open(Some(&gone), &settings).await;
    assert!(matches!(opened, Err(AgentError::Forgotten(_))), "{opened:?}");
}
