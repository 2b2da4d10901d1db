//! Many cards, faults of all kinds and restarts: nothing is lost, doubled or left behind.

use crate::support::{client, group, message, messages, plain, running, sim, still};
use futures_util::future::join_all;
use poco_core::{Card, ChatId};
use poco_io::feishu::Feishu;
use poco_io::port::{Chat, ChatError, MessageId};
use poco_sim::feishu::{Fault, Feishu as Sim, Trouble};
use std::time::Duration;

const CARDS: u64 = 8;
const LOOKS: u64 = 5;
const FAULTS: u32 = 40;

/// Chance that repeats itself (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

fn plant(sim: &Sim, dice: &mut Dice) {
    let refuse = |status, code| Trouble::Refuse { status, code, message: "planted".to_owned() };
    let (mut after, html) = (0, "<html>bad gateway</html>");
    for _ in 0..FAULTS {
        after += u32::try_from(dice.roll(6)).expect("small");
        let trouble = match dice.roll(8) {
            0 | 1 => Trouble::LoseAnswer,
            2 | 3 => Trouble::Cut,
            4 => Trouble::Gateway { status: 502, body: html.to_owned() },
            5 => refuse(429, 99_991_400),
            6 => refuse(400, 99_991_663),
            _ => Trouble::Delay(Duration::from_millis(300)),
        };
        sim.fault(Fault::on("*", "/open-apis/", trouble).after(after).times(1));
    }
}

/// What one card went through, with a new process now and then.
struct Story<'a> {
    sim: &'a Sim,
    chat: &'a ChatId,
    feishu: Feishu,
    dice: Dice,
}

impl Story<'_> {
    async fn run(mut self, n: u64) -> MessageId {
        let card = if n.is_multiple_of(4) { plain } else { still as fn(&str) -> Card };
        let once = format!("soak-{n}");
        let id = loop {
            self.restart();
            match self.feishu.post(self.chat, &card("posted"), &once).await {
                // The process died before it noted that.
                Ok(_) if self.dice.roll(2) == 0 => self.feishu = client(self.sim),
                Ok(id) => break id,
                Err(ChatError::Later(_)) => {}
                Err(error) => panic!("card {n}: {error}"),
            }
        };
        for order in 1..=LOOKS {
            if !n.is_multiple_of(4) {
                self.update(&id, &running("", ""), order).await;
                for words in 1..4 {
                    self.restart();
                    let card = running("ran it", &"word ".repeat(words));
                    self.feishu.glance(&id, &card, order).await.expect("skipped at worst");
                }
            }
            self.update(&id, &card(&format!("card {n} look {order}.")), order).await;
        }
        id
    }

    async fn update(&mut self, id: &MessageId, card: &Card, order: u64) {
        loop {
            self.restart();
            match self.feishu.update(id, card, order).await {
                Ok(()) => return,
                Err(ChatError::Later(_)) => {}
                Err(error) => panic!("{}: {error}", id.0),
            }
        }
    }

    fn restart(&mut self) {
        if self.dice.roll(5) == 0 {
            self.feishu = client(self.sim);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_left_behind() {
    for seed in [1, 2] {
        let sim = sim().await;
        let chat = group(&sim);
        plant(&sim, &mut Dice(seed));
        let feishu = client(&sim);
        let stories = (0..CARDS).map(|n| {
            let dice = Dice(seed * 1_000 + n);
            Story { sim: &sim, chat: &chat, feishu: feishu.clone(), dice }.run(n)
        });
        let ids = join_all(stories).await;
        for (n, id) in ids.iter().enumerate() {
            let seen = message(&sim, id);
            let last = format!("card {n} look {LOOKS}.");
            assert!(seen.text.contains(&last), "seed {seed}: {last} is not in {}", seen.text);
            assert!(!seen.streaming);
        }
        let posted = messages(&sim, &chat).len();
        assert_eq!(posted, ids.len(), "seed {seed}: each card once");
        assert_eq!(sim.complaints(), Vec::<String>::new());
    }
}
