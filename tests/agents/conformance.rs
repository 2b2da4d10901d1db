//! What PoCo expects of every agent. Each agent brings a [`Fixture`] and one row of the table below.

mod asking;
pub(crate) mod claude;
mod codex;
mod dying;
mod failing;
pub(crate) mod opencode;
pub(crate) mod peer;
mod stub;
mod talking;

use crate::stage::finish;
use async_trait::async_trait;
use poco_core::{Settings, TaskId, ThreadId};
use poco_runner::agent::{Agent, End, Found, Turn};
use poco_sim::model::Model;
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest a process may take to be gone.
const GONE_MAX: Duration = Duration::from_secs(20);

/// Makes a test of each behaviour an agent is held to.
macro_rules! conforms {
    ($agent:ident as $fixture:ty: $($topic:ident { $($behaviour:ident),* $(,)? })*) => {
        mod $agent {
            $($(
                #[tokio::test]
                async fn $behaviour() {
                    super::$topic::$behaviour::<$fixture>().await;
                }
            )*)*
        }
    };
}

// The stub has no process, no model and no memory, so that little can be asked of it.
conforms! { the_stub as super::stub::Stubbed:
    talking { streams, any_prompt_is_a_prompt, stops, tells_a_long_answer_whole, is_steered_once }
    asking { denied, denied_with_a_reason }
    failing { a_strange_task_is_not_taken_for_known }
}

conforms! { the_codex as super::codex::OnCodex:
    talking {
        streams, any_prompt_is_a_prompt, stops, stops_a_command, tells_a_long_answer_whole,
        is_steered_once, two_conversations_at_once, one_turn_at_a_time,
    }
    asking { allowed, allowed_for_the_session, denied, denied_with_a_reason, stopped_while_it_asks }
    dying {
        goes_on_in_a_new_process, killed_in_mid_turn, killed_with_poco, killed_as_the_model_is_asked,
        poco_killed_in_mid_turn, poco_killed_while_it_asks, never_means_never, leaves_nothing_behind,
    }
    failing {
        not_installed, not_logged_in, no_such_folder, the_model_fails,
        a_strange_task_is_not_taken_for_known, a_lost_conversation_is_told,
    }
}

// opencode by ACP. It dies with PoCo; and its leave for the session is for more than one command. It
// takes seconds to start, so what is the same for all that speak ACP is asked of the peer below.
conforms! { the_opencode as super::opencode::OnOpencode:
    talking { streams, any_prompt_is_a_prompt, stops_a_command, tells_a_long_answer_whole }
    asking { allowed, denied, denied_with_a_reason }
    dying { goes_on_in_a_new_process, killed_in_mid_turn, leaves_nothing_behind }
    failing { not_installed, not_logged_in }
}

conforms! { the_claude as super::claude::OnClaude:
    talking {
        streams, any_prompt_is_a_prompt, stops, stops_a_command, tells_a_long_answer_whole,
        is_steered_once, two_conversations_at_once, one_turn_at_a_time,
    }
    asking { allowed, allowed_for_the_session, denied, denied_with_a_reason, stopped_while_it_asks }
    dying {
        goes_on_in_a_new_process, killed_in_mid_turn, killed_with_poco, killed_as_the_model_is_asked,
        poco_killed_in_mid_turn, poco_killed_while_it_asks, never_means_never, leaves_nothing_behind,
    }
    failing {
        not_installed, not_logged_in, no_such_folder, the_model_fails,
        a_strange_task_is_not_taken_for_known, a_lost_conversation_is_told,
    }
}

conforms! { the_acp_peer as super::peer::Peer<super::peer::Anyone>:
    talking {
        streams, any_prompt_is_a_prompt, stops, stops_a_command, tells_a_long_answer_whole,
        is_steered_once, two_conversations_at_once, one_turn_at_a_time,
    }
    asking { allowed, allowed_for_the_session, denied, denied_with_a_reason, stopped_while_it_asks }
    dying { goes_on_in_a_new_process, killed_in_mid_turn, never_means_never, leaves_nothing_behind }
    failing {
        not_installed, not_logged_in, no_such_folder, the_model_fails,
        a_strange_task_is_not_taken_for_known, a_lost_conversation_is_told,
    }
}

// Cursor and Coco can't be had for tests.
conforms! { the_cursor_peer as super::peer::Peer<super::peer::OfCursor>:
    talking { streams, any_prompt_is_a_prompt, stops, tells_a_long_answer_whole, is_steered_once }
    asking { allowed, allowed_for_the_session, denied, denied_with_a_reason, stopped_while_it_asks }
    dying { goes_on_in_a_new_process, killed_in_mid_turn, never_means_never, leaves_nothing_behind }
    failing { not_installed, not_logged_in, no_such_folder, the_model_fails }
}

conforms! { the_old_cursor_peer as super::peer::Peer<super::peer::OldCursor>:
    talking {
        streams, any_prompt_is_a_prompt, stops, tells_a_long_answer_whole,
        two_conversations_at_once, one_turn_at_a_time,
    }
    dying { goes_on_in_a_new_process, killed_in_mid_turn, never_means_never, leaves_nothing_behind }
    failing {
        not_installed, no_such_folder, the_model_fails, a_strange_task_is_not_taken_for_known,
    }
}

conforms! { the_coco_peer as super::peer::Peer<super::peer::OfCoco>:
    talking { streams, any_prompt_is_a_prompt, stops, tells_a_long_answer_whole }
    asking { allowed, denied, denied_with_a_reason }
    dying { goes_on_in_a_new_process, killed_in_mid_turn, leaves_nothing_behind }
    failing { not_installed, not_logged_in, no_such_folder, the_model_fails }
}

/// One agent on a scripted model, in a folder of its own. Its processes have that folder in their
/// environment. Dropped, it ends them and removes the folder.
#[async_trait]
pub(crate) trait Fixture: Send + Sync + Sized {
    async fn new() -> Self;

    fn folder(&self) -> &Path;

    fn agent(&self) -> &dyn Agent;

    fn settings(&mut self) -> &mut Settings;

    /// PoCo dies, and another takes its place on the same state. What it watched must be dropped.
    fn restart(&mut self);

    fn model(&self) -> &Model;

    /// From now on its program is not there. Returns what a person must be told to do.
    fn uninstall(&mut self) -> &'static str;

    /// From now on nobody is logged in. Returns what a person must be told to do.
    fn log_out(&mut self) -> &'static str;

    /// What answers any words that are no command to the script.
    fn answer(&self, words: &str) -> String {
        format!("Model answer to: {words}")
    }

    /// A prompt that is answered in three pieces, with `piece 0` at once and the others when
    /// [`Fixture::go_on`] lets them.
    fn slowly(&self) -> String {
        "slow: 3".to_owned()
    }

    fn go_on(&self) {
        self.model().go(2);
    }

    /// A prompt that makes the agent ask whether it may run this.
    fn asks(&self, command: &str) -> String {
        format!("escalate: {command}")
    }

    /// A prompt that is answered with at least so many bytes.
    fn long(&self, bytes: usize) -> String {
        format!("long: {bytes}")
    }

    /// Whether the model was told this, in its last request.
    fn was_told(&self, words: &str) -> bool {
        self.model().seen().last().is_some_and(|seen| seen.body.to_string().contains(words))
    }

    /// In how many turns the model was given this prompt.
    fn turns(&self, prompt: &str) -> usize {
        self.model().turns(prompt)
    }
}

/// What all behaviours do with a fixture.
#[async_trait]
pub(crate) trait Play: Fixture {
    async fn open(&mut self) -> ThreadId {
        let settings = self.settings().clone();
        self.agent().open(None, &settings).await.unwrap()
    }

    async fn start(&mut self, thread: &ThreadId, task: &str, prompt: &str) -> Box<dyn Turn> {
        let settings = self.settings().clone();
        self.agent().start(thread, &TaskId::new(task), &prompt.into(), &settings).await.unwrap()
    }

    /// Runs a prompt to its end.
    async fn run(&mut self, thread: &ThreadId, task: &str, prompt: &str) -> (End, String) {
        let mut turn = self.start(thread, task, prompt).await;
        let (end, transcript) = finish(turn.as_mut()).await;
        (end, transcript.answer())
    }

    async fn find(&mut self, thread: &ThreadId, task: &str) -> Found {
        let settings = self.settings().clone();
        self.agent().find(thread, &TaskId::new(task), &settings).await.unwrap()
    }

    fn work(&mut self, file: &str) -> PathBuf {
        Path::new(&self.settings().workdir).join(file)
    }

    /// Signals every process of the agent, and lists them.
    fn signal(&self, signal: Signal) -> Vec<u32> {
        let pids: Vec<_> = processes_of(self.folder()).into_iter().filter(is_agent).collect();
        assert!(!pids.is_empty(), "the agent has no process");
        for pid in &pids {
            let pid = Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap();
            // One may be gone with another.
            let _ = kill_process(pid, signal);
        }
        pids
    }

    /// Kills the agent at once, not the commands it runs, and waits until it is gone.
    async fn kill(&self) {
        let pids = self.signal(Signal::KILL);
        let gone = async {
            while pids.iter().any(is_alive) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(GONE_MAX, gone).await.expect("the agent does not die");
    }

    /// Waits until the agent has no process any more.
    async fn gone(&self) {
        let gone = async {
            while !processes_of(self.folder()).is_empty() {
                tokio::task::yield_now().await;
            }
        };
        let gone = tokio::time::timeout(GONE_MAX, gone).await;
        let left = processes_of(self.folder());
        let name = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
        let names: Vec<_> = left.iter().filter_map(|pid| name(pid).ok()).collect();
        assert!(gone.is_ok(), "left behind: {names:?}");
    }
}

impl<F: Fixture> Play for F {}

/// Whether a process is no shell, nor what a shell runs.
fn is_agent(pid: &u32) -> bool {
    let program = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let name = program.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_ours = name == "node" || name.starts_with("python");
    !["/bin/", "/usr/"].iter().any(|place| program.starts_with(place)) || is_ours
}

fn is_alive(pid: &u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z") && !stat.contains(") X"))
}

/// Lists the live processes that have a folder in their environment.
fn processes_of(folder: &Path) -> Vec<u32> {
    let needle = folder.to_str().unwrap().as_bytes();
    let is_of = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(needle.len()).any(|window| window == needle)
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(is_of).filter(is_alive).collect()
}
