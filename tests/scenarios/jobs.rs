//! Whatever people send, what goes to a machine fits into its queue, or is refused by a word.

use poco_core::setup::PATH_BYTES_MAX;
use poco_core::{Ask, PROMPT_BYTES_MAX, Question};
use poco_tests::{World, command, scenario};

/// The most bytes of a job. Queues of the cloud take 256 KB.
const JOB_BYTES_MAX: usize = 192 * 1024;

/// The most bytes of a reason, and of each answer.
const WORDS_BYTES_MAX: usize = 8 * 1024;

/// What takes the most room in a job: six bytes for each. (A space at an end would be cut off.)
fn worst(bytes: usize) -> String {
    "\u{1}".repeat(bytes)
}

async fn running(world: &mut World) {
    world.project().await;
    world.say("ann", "tidy").await;
    world.agent_starts().await;
    world.skim();
}

/// The size of the job that was sent last; none may be larger than a queue takes with ease.
fn last(world: &World) -> usize {
    let sizes = world.jobs().into_iter().map(|job| serde_json::to_string(&job).unwrap().len());
    let sizes: Vec<_> = sizes.collect();
    assert!(sizes.iter().all(|size| *size <= JOB_BYTES_MAX), "{sizes:?}");
    *sizes.last().unwrap()
}

#[tokio::test]
async fn the_longest_prompt_with_the_most_files_is_a_job_of_bounded_length() {
    scenario(async |world| {
        world.project().await;
        let names: Vec<_> = (0..10).map(|n| format!("{n}{}", "日".repeat(340))).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        world.send("ann", &names, &worst(PROMPT_BYTES_MAX)).await;
        world.settle().await;
        assert!(last(world) > 6 * PROMPT_BYTES_MAX, "it is the whole of it");
        world.agent_starts().await;
        world.say("ann", &format!("/steer {}", worst(PROMPT_BYTES_MAX))).await;
        world.settle().await;
        assert!(last(world) > 6 * PROMPT_BYTES_MAX);
        let before = world.jobs().len();
        world.say("ann", &worst(PROMPT_BYTES_MAX + 1)).await;
        world.say("ann", &format!("/steer {}", worst(PROMPT_BYTES_MAX + 1))).await;
        world.settle().await;
        assert_eq!(world.jobs().len(), before);
        let shown = world.shown_with("too long: a prompt");
        assert!(shown.contains("That is too long: a prompt may have 24 KB."), "{shown}");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn what_an_agent_is_told_with_an_answer_is_bounded() {
    scenario(async |world| {
        running(world).await;
        let task = world.task("T1");
        world.agent_asks("a1", command("ls")).await;
        let before = world.jobs().len();
        world.say("ann", &format!("/reject {task}.1 {}", worst(WORDS_BYTES_MAX + 1))).await;
        world.settle().await;
        assert_eq!(world.jobs().len(), before);
        let shown = world.shown_with("too long");
        assert!(shown.contains("That is too long."), "{shown}");
        world.say("ann", &format!("/reject {task}.1 {}", worst(WORDS_BYTES_MAX))).await;
        world.settle().await;
        assert!(last(world) > 6 * WORDS_BYTES_MAX);

        let question =
            |id: &str| Question { id: id.into(), text: "Which?".into(), options: vec![] };
        world.agent_asks("a2", Ask::Questions(vec![question("q1"), question("q2")])).await;
        let (half, before) = (worst(WORDS_BYTES_MAX), world.jobs().len());
        let fields = [("answer_0", &*half), ("answer_1", &*worst(WORDS_BYTES_MAX + 1))];
        world.fill("ann", "Answer", &fields).await;
        world.settle().await;
        assert_eq!((world.toast(), world.jobs().len()), ("That is too long.".to_owned(), before));
        world.fill("ann", "Answer", &[("answer_0", &half), ("answer_1", &half)]).await;
        world.settle().await;
        assert!(last(world) > 6 * WORDS_BYTES_MAX);
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn paths_are_bounded_too() {
    scenario(async |world| {
        world.say("ann", "hello").await;
        world.press("ann", "New").await;
        let long = format!("/{}", "x".repeat(PATH_BYTES_MAX));
        let fields = [("name", "api"), ("backend", "codex"), ("workdir", &*long)];
        world.fill("ann", "Create Project + Group", &fields).await;
        let shown = world.shown_last();
        assert!(shown.contains("That is too long: a path may have 1024 bytes."), "{shown}");
        world.skim();
        world.project().await;
        let before = world.jobs().len();
        world.say("ann", &format!("/send {long}")).await;
        let shown = world.shown_last();
        assert!(shown.contains("a path may have 1024 bytes."), "{shown}");
        world.settle().await;
        assert_eq!(world.jobs().len(), before);
        world.skim();
    })
    .await;
}
