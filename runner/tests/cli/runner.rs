//! `poco runner`: a machine of the cloud.

use crate::kit::Machine;

#[test]
fn a_machine_that_is_no_runner_is_told_how_to_become_one() {
    let machine = Machine::new();
    for words in [&["runner", "start"][..], &["runner", "start", "--foreground"]] {
        let said = machine.run(words);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.stderr.contains("this machine is no runner"), "{said:?}");
        assert!(said.stderr.contains("Next: "), "{said:?}");
    }
    assert_eq!(machine.run(&["runner", "status"]).code, 3);
    assert_eq!(machine.run(&["runner", "stop"]).stdout, "PoCo is not running\n");
}

#[test]
fn a_local_start_never_reaches_for_the_cloud() {
    let mut machine = Machine::new();
    machine.set("POCO_STATE_BACKEND", "dynamodb");
    machine.set("POCO_STATE_TABLE", "poco");
    machine.set("POCO_QUEUE_URL", "http://127.0.0.1:9/1/poco-{runner}.fifo");
    for words in [&["start", "--local"][..], &["start", "--local", "--foreground"]] {
        let said = machine.run(words);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.stderr.contains("--local can't be kept to"), "{said:?}");
    }
}
