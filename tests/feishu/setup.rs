//! Connecting: the app's credentials, tokens, and new groups.

use crate::support::{SEND, TOKEN, assert_clean, client, group, messages, plain, settings, sim};
use futures_util::future::join_all;
use poco_core::Lang;
use poco_core::UserId;
use poco_io::feishu::{Class, Feishu};
use poco_io::keyring::{Keyring, Keys};
use poco_io::port::{Chat, ChatError};
use poco_io::secret::Secret;
use poco_sim::feishu::{Fault, Trouble};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn check_says_who_the_bot_is() {
    let sim = sim().await;
    let bot = client(&sim).check().await.expect("a bot");
    assert_eq!(bot.app_name, "PoCo");
    assert!(bot.open_id.starts_with("ou_"));
}

#[tokio::test]
async fn check_says_which_of_id_and_secret_is_wrong_and_never_shows_the_secret() {
    let sim = sim().await;
    let secret = "not-the-secret-of-this-app-0001";
    let wrong = |id: Option<&str>, secret: Option<&str>| {
        let mut settings = settings(&sim);
        settings.app_id = id.map_or(settings.app_id, str::to_owned);
        settings.app_secret = secret.map_or(settings.app_secret, Secret::new);
        Feishu::new(&settings).expect("a client")
    };
    let feishu = wrong(Some("cli_0000000000000000"), None);
    let rejected = feishu.check().await.expect_err("a wrong id");
    assert_eq!(rejected.code, 10003);
    assert!(
        rejected.explain().of(Lang::En).contains("App ID"),
        "{}",
        rejected.explain().of(Lang::En)
    );
    let feishu = wrong(None, Some(secret));
    let rejected = feishu.check().await.expect_err("a wrong secret");
    assert_eq!(rejected.code, 10014);
    assert!(
        rejected.explain().of(Lang::En).contains("App Secret"),
        "{}",
        rejected.explain().of(Lang::En)
    );
    let seen = format!("{feishu:?} {rejected:?} {:?}", feishu.recent());
    assert!(!seen.contains(secret), "{seen}");
}

#[tokio::test]
async fn check_says_when_nobody_is_there() {
    let sim = sim().await;
    let mut settings = settings(&sim);
    // Nothing listens on a port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    settings.base_url = format!("http://{}", port.local_addr().expect("an address"));
    drop(port);
    let rejected = Feishu::new(&settings).expect("a client").check().await.expect_err("nobody");
    assert_eq!(rejected.class, Class::Transient);
    assert!(rejected.to_string().contains("could not connect"), "{rejected}");
    assert!(
        rejected.explain().of(Lang::En).contains("Check the network"),
        "{}",
        rejected.explain().of(Lang::En)
    );
}

#[tokio::test]
async fn what_is_not_feishu_is_told() {
    let sim = sim().await;
    let trouble = Trouble::Gateway { status: 404, body: "<html>not here</html>".into() };
    sim.fault(Fault::on("*", TOKEN, trouble));
    let rejected = client(&sim).check().await.expect_err("not Feishu");
    assert!(
        rejected.explain().of(Lang::En).contains("POCO_FEISHU_API_BASE_URL"),
        "{}",
        rejected.explain().of(Lang::En)
    );
}

#[tokio::test]
async fn one_token_serves_all_and_a_revoked_one_is_replaced_once() {
    let sim = sim().await;
    let (feishu, chats) = (client(&sim), [group(&sim), group(&sim), group(&sim)]);
    let post = async |once: &str| {
        let card = plain("x");
        let names: Vec<_> = (0..chats.len()).map(|n| format!("{once}-{n}")).collect();
        let posts = chats.iter().zip(&names).map(|(chat, once)| feishu.post(chat, &card, once));
        for posted in join_all(posts).await {
            posted.expect("a post");
        }
    };
    post("first").await;
    assert_eq!(sim.count_calls("POST", TOKEN), 1);
    sim.revoke_tokens();
    post("second").await;
    assert_eq!(sim.count_calls("POST", TOKEN), 2);
    sim.advance(Duration::from_secs(3 * 3_600));
    post("third").await;
    assert_eq!(sim.count_calls("POST", TOKEN), 3);
    assert!(chats.iter().all(|chat| messages(&sim, chat).len() == 3));
    assert_clean(&sim);
}

#[tokio::test]
async fn a_token_that_is_never_accepted_is_no_endless_loop() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    sim.fault(Fault::refuse("POST", SEND, 99_991_663));
    let posted = feishu.post(&chat, &plain("x"), "once").await;
    assert!(matches!(posted, Err(ChatError::Later(_))), "{posted:?}");
    assert_eq!(sim.count_calls("POST", SEND), 2);
}

#[tokio::test]
async fn a_group_is_opened_once_though_the_answer_is_lost() {
    let sim = sim().await;
    let feishu = client(&sim);
    let ada = UserId::new(sim.open_id("ada").expect("ada"));
    sim.fault(Fault::on("POST", "/open-apis/im/v1/chats", Trouble::LoseAnswer).times(1));
    let chat = feishu.open("shop", &ada, "open-1").await.expect("a group");
    let again = client(&sim).open("shop", &ada, "open-1").await.expect("the same group");
    assert_eq!(chat, again);
    let groups = sim.groups();
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].name, "PoCo | shop");
    assert_eq!(groups[0].owner.as_deref(), Some(ada.as_str()));
}

#[tokio::test]
async fn a_group_that_can_never_be_opened_says_what_to_do() {
    let sim = sim().await;
    sim.available("bob", false).expect("bob");
    let bob = UserId::new(sim.open_id("bob").expect("bob"));
    let opened = client(&sim).open("shop", &bob, "open-1").await;
    let Err(ChatError::Refused(reason)) = opened else { panic!("{opened:?}") };
    let reason = reason.of(Lang::En);
    assert!(reason.contains("availability range"), "{reason}");
    sim.fault(Fault::refuse("POST", "/open-apis/im/v1/chats", 99_991_672));
    let opened = client(&sim).open("shop", &bob, "open-2").await;
    let Err(ChatError::Refused(reason)) = opened else { panic!("{opened:?}") };
    let reason = reason.of(Lang::En);
    assert!(reason.contains("permission"), "{reason}");
    assert_eq!(sim.groups().len(), 0);
}

#[tokio::test]
async fn recent_calls_tell_how_it_went_and_nothing_secret() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    sim.fault(Fault::refuse("POST", SEND, 230_002));
    let posted = feishu.post(&chat, &plain("a private prompt"), "once").await;
    assert!(matches!(posted, Err(ChatError::Refused(_))), "{posted:?}");
    let recent = feishu.recent();
    assert_eq!(
        recent.last().map(|call| (call.call, call.code)),
        Some(("POST im/v1/messages", 230_002))
    );
    let seen = format!("{posted:?} {recent:?} {feishu:?}");
    for secret in ["private", "t-", "simulated-app-secret"] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
}

/// Knows another secret than it did.
#[derive(Debug)]
struct Vault(Secret);

#[async_trait::async_trait]
impl poco_io::keyring::Keeper for Vault {
    async fn read(&self, old: &Keys) -> anyhow::Result<Keys> {
        Ok(Keys { app_secret: self.0.clone(), ..old.clone() })
    }
}

#[tokio::test]
async fn a_secret_that_was_changed_is_read_anew_once() {
    let sim = sim().await;
    let mut settings = settings(&sim);
    let right =
        std::mem::replace(&mut settings.app_secret, Secret::new("it-was-this-until-lately"));
    let ring = Keyring::kept_by(Arc::new(Vault(right)), settings.keys());
    let feishu = Feishu::with_keyring(&settings, ring.clone()).expect("a client");
    let rejected = feishu.check().await.expect_err("they were read just now");
    assert_eq!(rejected.code, 10014);
    let _ring = ring.read_long_ago();
    feishu.check().await.expect("a bot");
    let asked = feishu.recent().iter().filter(|it| it.call.contains("token")).count();
    assert_eq!(asked, 3, "wrong, wrong again, right");
    let wrong = Keyring::kept_by(Arc::new(Vault(Secret::new("wrong-too"))), settings.keys());
    let wrong = Feishu::with_keyring(&settings, wrong.read_long_ago()).expect("a client");
    let rejected = wrong.check().await.expect_err("neither is right");
    assert_eq!(rejected.code, 10014);
    assert!(!format!("{rejected:?} {:?}", wrong.recent()).contains("wrong-too"));
}
