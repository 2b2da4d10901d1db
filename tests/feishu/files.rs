//! Files and messages, fetched and sent.

use crate::support::{assert_clean, client, group, messages, still};
use poco_core::{Attachment, Media, MessageRef};
use poco_io::port::{Chat, ChatError, Files, Parcel};
use poco_sim::feishu::{Fault, Incoming, Trouble};
use serde_json::json;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n-";
const LIMIT: usize = 1_000_000;

fn parcel(name: &str, media: Media, bytes: &[u8]) -> Parcel {
    Parcel { name: name.to_owned(), media, bytes: bytes.to_vec() }
}

#[tokio::test]
async fn what_people_sent_is_fetched() {
    let sim = crate::support::sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let said = sim.send_file("ada", chat.as_str(), "a.json", b"{\"code\": 1}").unwrap();
    let read = feishu.read(&MessageRef::new(&said.message_id)).await.unwrap();
    let file = read[0].files[0].clone();
    assert_eq!((file.name.as_str(), file.media), ("a.json", Media::File));
    assert_eq!(feishu.fetch(&file, LIMIT).await.unwrap(), b"{\"code\": 1}");
    let large = feishu.fetch(&file, 3).await.unwrap_err();
    assert!(
        matches!(&large, ChatError::Refused(why) if why.of(poco_core::Lang::En).contains("more than")),
        "{large}"
    );
    let picture = sim.send_picture("ada", chat.as_str(), PNG).unwrap();
    let read = feishu.read(&MessageRef::new(&picture.message_id)).await.unwrap();
    assert_eq!(feishu.fetch(&read[0].files[0], LIMIT).await.unwrap(), PNG);
    let foreign = Attachment { key: "img_v3_none".into(), ..read[0].files[0].clone() };
    assert!(matches!(feishu.fetch(&foreign, LIMIT).await, Err(ChatError::Refused(_))));
    assert_clean(&sim);
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again() {
    let sim = crate::support::sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let said = sim.send_file("ada", chat.as_str(), "a.txt", b"hi").unwrap();
    let file = feishu.read(&MessageRef::new(&said.message_id)).await.unwrap()[0].files[0].clone();
    sim.revoke_tokens();
    sim.fault(Fault::on("GET", "/open-apis/im/v1/messages", Trouble::Cut).times(1));
    assert_eq!(feishu.fetch(&file, LIMIT).await.unwrap(), b"hi");
}

#[tokio::test]
async fn a_file_is_sent_once() {
    let sim = crate::support::sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let plot = parcel("plot.png", Media::Picture, PNG);
    sim.fault(Fault::on("POST", "/open-apis/im/v1/messages", Trouble::LoseAnswer).times(1));
    feishu.send(&chat, None, &plot, "once").await.unwrap();
    feishu.send(&chat, None, &plot, "once").await.unwrap();
    let notes = parcel("n\u{f6}tes \"1\".md", Media::File, b"notes");
    feishu.send(&chat, None, &notes, "another").await.unwrap();
    // What is called a picture and is none goes as a file.
    feishu
        .send(&chat, None, &parcel("x.png", Media::Picture, b"no picture"), "third")
        .await
        .unwrap();
    let sent = messages(&sim, &chat);
    let kinds: Vec<_> = sent.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds, ["image", "file", "file"]);
    assert_eq!(sim.file_of(&sent[0].id).unwrap().bytes, PNG);
    assert_eq!(sim.file_of(&sent[1].id).unwrap().bytes, b"notes");
    let empty = feishu.send(&chat, None, &parcel("e", Media::File, b""), "fourth").await;
    assert!(matches!(empty, Err(ChatError::Refused(_))));
    assert_clean(&sim);
}

#[tokio::test]
async fn bundles_and_posts_are_read() {
    let sim = crate::support::sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let one = sim.say("ada", chat.as_str(), "one").unwrap().message_id;
    let two = sim.send_file("ada", chat.as_str(), "a.txt", b"x").unwrap().message_id;
    let bundle = sim.forward("ada", chat.as_str(), &[&one, &two]).unwrap().message_id;
    let read = feishu.read(&MessageRef::new(bundle)).await.unwrap();
    let mut texts: Vec<_> = read.iter().map(|said| said.text.as_str()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["[a.txt]", "one"]);
    let post = sim.send("ada", chat.as_str(), &Incoming::post("T", &["l1", "l2"])).unwrap();
    let read = feishu.read(&MessageRef::new(&post.message_id)).await.unwrap();
    assert_eq!(read[0].text, "T\n\nl1\nl2");
    let odd = sim.send("ada", chat.as_str(), &Incoming::other("sticker", json!({}))).unwrap();
    assert_eq!(
        feishu.read(&MessageRef::new(&odd.message_id)).await.unwrap()[0].text,
        "[a sticker]"
    );
    sim.recall("ada", &one).unwrap();
    assert!(matches!(feishu.read(&MessageRef::new(one)).await, Err(ChatError::Refused(_))));
    feishu.post(&chat, &still("ours"), "card").await.unwrap();
    let ours = messages(&sim, &chat).into_iter().rfind(|it| it.from_bot()).unwrap().id;
    assert_eq!(feishu.read(&MessageRef::new(ours)).await.unwrap(), []);
}

#[tokio::test]
async fn cards_and_files_go_into_their_topic() {
    let sim = crate::support::sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    sim.use_topics(chat.as_str()).unwrap();
    let said = sim.say("ada", chat.as_str(), "in a topic").unwrap().message_id;
    let thread = sim.message(&said).unwrap().thread;
    let under = MessageRef::new(&said);
    let card = still("an answer").under(Some(under.clone()));
    let id = feishu.post(&chat, &card, "once").await.unwrap();
    feishu.post(&chat, &card, "once").await.unwrap();
    feishu.update(&id, &still("changed").under(Some(under.clone())), 2).await.unwrap();
    feishu.send(&chat, Some(&under), &parcel("a.md", Media::File, b"a"), "file").await.unwrap();
    let ours: Vec<_> = messages(&sim, &chat).into_iter().filter(|it| it.from_bot()).collect();
    assert_eq!(ours.len(), 2);
    assert!(ours.iter().all(|it| it.thread == thread), "{ours:?}");
    assert!(ours[0].text.contains("changed"));
    // Where the message is gone, the card is shown all the same.
    sim.recall("ada", &said).unwrap();
    feishu.post(&chat, &card, "later").await.unwrap();
    assert_eq!(messages(&sim, &chat).into_iter().filter(|it| it.from_bot()).count(), 3);
}
