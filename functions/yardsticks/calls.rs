//! A function that makes the calls of an event and does nothing else: how soon one could answer that
//! keeps state and sends jobs as PoCo does.

use lambda_http::{Body, Error, Request, Response, run, service_fn};
use poco_core::{ChatId, Command, RunnerId};
use poco_io::app::runners;
use poco_io::config::{Environment, Given};
use poco_io::port::{Document, Job, Queue, Store};
use poco_io::queue::Sqs;
use poco_io::tls::Roots;
use poco_io::{aws, open, secrets};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let aws = aws::connect_in_haste(Roots::BuiltIn);
    let mut given = Given::gather(Environment::of_process().with("HOME", "/tmp"));
    let store = &open::peek(&given, &aws);
    let url = std::env::var("POCO_QUEUE_URL")?;
    let (revealed, machines) = tokio::join!(secrets::reveal(&mut given, &aws), runners(store));
    (revealed?, machines?);
    let queue = &Sqs::sender(&aws, url);
    let make = async |request: Request| {
        let event = request.headers()["x-event"].to_str()?.to_owned();
        make_calls(store, queue, &event).await?;
        Ok::<_, Error>(Response::new(Body::Empty))
    };
    run(service_fn(make)).await
}

async fn make_calls(store: &dyn Store, queue: &Sqs, event: &str) -> anyhow::Result<()> {
    let key = format!("calls/{event}");
    let document = Document { version: 1, body: "x".repeat(2_000), due: true };
    let job = |word: &str| Job {
        id: format!("{event}-{word}"),
        chat: ChatId::new(event),
        runner: RunnerId::local(),
        command: Command::Settle,
    };
    store.get(&key).await?;
    store.put(&key, &document).await?;
    let (start, settle) = (job("start"), job("settle"));
    tokio::try_join!(queue.send(&start), queue.send(&settle))?;
    Ok(())
}
