//! What a connection does with what comes in.

use super::*;

/// The other side, by hand.
struct Other {
    to_us: mpsc::UnboundedSender<String>,
    from_us: mpsc::UnboundedReceiver<String>,
}

struct Ends(mpsc::UnboundedReceiver<String>, mpsc::UnboundedSender<String>);

impl Transport for Ends {
    fn split(self: Box<Self>) -> (Box<dyn Source>, Box<dyn Sink>) {
        (Box::new(In(self.0)), Box::new(Out(self.1)))
    }
}

struct In(mpsc::UnboundedReceiver<String>);

#[async_trait]
impl Source for In {
    async fn next(&mut self) -> anyhow::Result<Option<String>> {
        Ok(self.0.recv().await)
    }
}

struct Out(mpsc::UnboundedSender<String>);

#[async_trait]
impl Sink for Out {
    async fn send(&mut self, message: String) -> anyhow::Result<()> {
        Ok(self.0.send(message)?)
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Router for Heard {
    fn told(&self, method: &str, _params: Value) {
        lock(&self.0).push(method.to_owned());
    }

    fn asked(&self, id: Value, method: &str, _params: Value) -> Result<(), String> {
        lock(&self.0).push(format!("{method} {id}"));
        if method == "known" { Ok(()) } else { Err("no".to_owned()) }
    }

    fn closed(&self, _reason: &str) {
        lock(&self.0).push("closed".to_owned());
    }
}

fn connect() -> (Rpc, Other, Arc<Heard>) {
    connect_in(Dialect::Bare)
}

fn connect_in(dialect: Dialect) -> (Rpc, Other, Arc<Heard>) {
    let (to_us, incoming) = mpsc::unbounded_channel();
    let (outgoing, from_us) = mpsc::unbounded_channel();
    let heard = Arc::new(Heard::default());
    let ends = Box::new(Ends(incoming, outgoing));
    let rpc = Rpc::start(ends, heard.clone(), dialect);
    (rpc, Other { to_us, from_us }, heard)
}

impl Other {
    async fn hear(&mut self) -> Value {
        serde_json::from_str(&self.from_us.recv().await.unwrap()).unwrap()
    }

    fn say(&self, message: &str) {
        self.to_us.send(message.to_owned()).unwrap();
    }
}

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn answers_find_their_calls_in_any_order() {
    let (rpc, mut other, heard) = connect();
    let both =
        async { tokio::join!(rpc.call("a", json!({}), LONG), rpc.call("b", json!({}), LONG)) };
    let script = async {
        let (a, b) = (other.hear().await, other.hear().await);
        assert!(a.get("jsonrpc").is_none());
        other.say("this is not JSON");
        other.say("{\"odd\":true}");
        // A question of theirs may have the number of a call of ours.
        other.say(&json!({ "id": a["id"], "method": "known" }).to_string());
        other.say(&json!({ "id": 99, "result": "to nobody" }).to_string());
        other.say(&json!({ "id": b["id"], "result": 2 }).to_string());
        let error = json!({ "code": -32600, "message": "not so" });
        other.say(&json!({ "id": a["id"], "error": error }).to_string());
    };
    let ((a, b), ()) = tokio::join!(both, script);
    assert!(matches!(a, Err(CallError::Refused { code: -32600, .. })));
    assert_eq!(b.unwrap(), 2);
    assert_eq!(*lock(&heard.0), ["known 1"]);
}

#[tokio::test]
async fn an_unknown_question_is_refused() {
    let (_rpc, mut other, _) = connect();
    other.say(r#"{"id":"q","method":"unknown","params":{}}"#);
    let answer = other.hear().await;
    assert_eq!((&answer["id"], &answer["error"]["message"]), (&json!("q"), &json!("no")));
}

#[tokio::test]
async fn silence_ends_a_call() {
    let (rpc, _other, _) = connect();
    let result = rpc.call("a", json!({}), Duration::from_millis(20)).await;
    assert!(matches!(result, Err(CallError::Unanswered(_))));
    assert!(lock(&rpc.inner.calls).waiting.is_empty());
}

#[tokio::test]
async fn a_closed_connection_ends_calls_and_takes_no_more() {
    let (rpc, Other { to_us, mut from_us }, heard) = connect();
    let close = async {
        from_us.recv().await;
        drop(to_us);
    };
    let (result, ()) = tokio::join!(rpc.call("a", json!({}), LONG), close);
    assert!(matches!(result, Err(CallError::Unanswered(_))));
    assert!(matches!(rpc.call("b", json!({}), LONG).await, Err(CallError::NotSent(_))));
    assert_eq!(*lock(&heard.0), ["closed"]);
}

#[tokio::test]
async fn by_the_book_every_message_is_marked() {
    let (rpc, mut other, _) = connect_in(Dialect::Two);
    rpc.tell_of("done", &json!({ "n": 1 }));
    rpc.answer(&json!(7), &json!({}));
    let call = rpc.call("what", json!({}), Duration::from_secs(30));
    let heard = async {
        for _ in 0..3 {
            let message = other.from_us.recv().await.unwrap();
            let message: Value = serde_json::from_str(&message).unwrap();
            assert_eq!(message["jsonrpc"], "2.0");
        }
        other.to_us.send(json!({ "id": 1, "result": 5 }).to_string()).unwrap();
    };
    assert_eq!(tokio::join!(call, heard).0.unwrap(), 5);
}

#[tokio::test]
async fn what_takes_its_time_is_known_to_be_sent_or_not() {
    let (rpc, mut other, _) = connect();
    let mut awaited = rpc.begin("long", json!({}), Duration::from_secs(30)).await.unwrap();
    assert!(other.from_us.recv().await.unwrap().contains("long"));
    assert!(awaited.ready().is_none());
    other.to_us.send(json!({ "id": 1, "result": "done" }).to_string()).unwrap();
    assert_eq!(awaited.answer().await.unwrap(), "done");
    drop(other.from_us);
    let lost = rpc.begin("long", json!({}), Duration::from_secs(30)).await;
    assert!(matches!(lost, Err(CallError::NotSent(_))));
}
