//! Live output: the latest text is typed onto a card as often as the platform allows, and makes way
//! for whatever must be shown.

use super::call::Request;
use super::cardkit::{PUT, SETTINGS, TYPE, put, reopen, type_on};
use super::chat::{PATCH, patch};
use super::client::Feishu;
use super::error::{Class, Rejected};
use super::lane::{Glance, Lane, Screen, Stream, name};
use super::look::{Live, Look};
use super::pacer::{Key, Permit, Urgency};
use super::render::{ANSWER_ID, STEPS_ID};
use crate::port::{ChatError, MessageId};
use poco_core::Card;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long a glance waits for its turn before it is skipped.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often glances replace a whole message that can't be typed onto.
const PATCH_EVERY: Duration = Duration::from_millis(1_500);

/// When a card that is typed onto is opened anew; the platform closes it after ten minutes.
const REOPEN_AFTER: Duration = Duration::from_secs(9 * 60);

/// The most calls for one glance.
const STEPS_MAX: usize = 6;

/// One call that brings the screen nearer to a look.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Replace the whole card.
    Whole,
    /// Open the card to be typed onto.
    Open,
    /// Type the text of one element on.
    Type { element: &'static str, text: String },
    /// Replace the whole of an ordinary message.
    Patch,
}

impl Step {
    fn call(&self) -> &'static str {
        match self {
            Self::Whole => PUT,
            Self::Open => SETTINGS,
            Self::Type { .. } => TYPE,
            Self::Patch => PATCH,
        }
    }
}

impl Feishu {
    /// Shows a glance, or the one that took its place while it waited, or nothing.
    pub(super) async fn show_glance(
        &self,
        message: &MessageId,
        card: &Card,
        order: u64,
    ) -> Result<(), ChatError> {
        let deadline = Instant::now() + PATIENCE;
        let lane = self.shared.lanes.of(message);
        let ticket = lane.offer(Arc::new(card.clone()), order);
        let Ok(mut screen) = timeout_at(deadline, lane.screen.lock()).await else { return Ok(()) };
        screen.know(message);
        if lane.latest().is_none_or(|latest| latest.ticket != ticket) {
            return Ok(());
        }
        let shown = self.follow(message, &lane, &mut screen, deadline).await;
        match shown.map_err(ChatError::from) {
            Err(ChatError::Gone(reason)) => {
                self.shared.lanes.forget(message);
                Err(ChatError::Gone(reason))
            }
            Err(error @ (ChatError::Refused(_) | ChatError::Later(_))) => {
                tracing::debug!(message.id = name(message), "a glance was missed: {error:#}");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Takes one step after the other towards the latest glance.
    async fn follow(
        &self,
        message: &MessageId,
        lane: &Lane,
        screen: &mut Screen,
        deadline: Instant,
    ) -> Result<(), Rejected> {
        for _ in 0..STEPS_MAX {
            let Some((glance, _, step)) = plan(lane, screen) else { return Ok(()) };
            let keys = keys(message, screen, &step);
            let Some(permit) = self.turn(lane, screen, &step, &keys, deadline).await else {
                return Ok(());
            };
            // What came while this waited for its turn is newer.
            let Some((glance, look, step)) = plan(lane, screen).filter(|(newer, _, newer_step)| {
                newer.ticket == glance.ticket || newer_step.call() == step.call()
            }) else {
                continue;
            };
            screen.live = Live::on(&glance.card).or(screen.live.take());
            self.take_step(screen, message, &glance, &look, step, Turn { permit, keys }).await?;
        }
        Ok(())
    }

    /// Waits for leave to take a step. `None` if an update comes first, or it takes too long.
    async fn turn(
        &self,
        lane: &Lane,
        screen: &Screen,
        step: &Step,
        keys: &[Key],
        deadline: Instant,
    ) -> Option<Permit> {
        let rest = screen.glanced.filter(|_| *step == Step::Patch).map(|at| at + PATCH_EVERY);
        let turn = async {
            sleep_until(rest.unwrap_or_else(Instant::now)).await;
            self.shared.pacer.admit(keys, Urgency::Glance, deadline).await
        };
        tokio::select! {
            biased;
            () = lane.update_waits() => None,
            permit = turn => permit,
        }
    }

    async fn take_step(
        &self,
        screen: &mut Screen,
        message: &MessageId,
        glance: &Glance,
        look: &Look,
        step: Step,
        turn: Turn,
    ) -> Result<(), Rejected> {
        if matches!(step, Step::Whole | Step::Patch) {
            screen.shown = None;
            screen.order = glance.order;
            screen.glanced = Some(Instant::now());
        }
        let request = request(screen, message, look, &step);
        let deadline = Instant::now() + PATIENCE;
        match self.attempt(turn.permit, &turn.keys, request, deadline).await {
            Ok(_) => {
                note(screen, glance, look, step);
                Ok(())
            }
            Err(rejected) => missed(screen, &step, rejected),
        }
    }
}

struct Turn {
    permit: Permit,
    keys: Vec<Key>,
}

/// Says what to do next for the glance that waits. Strikes it off if that is nothing.
fn plan(lane: &Lane, screen: &Screen) -> Option<(Glance, Look, Step)> {
    let glance = lane.latest()?;
    let look = Look::of(&glance.card);
    let is_late = glance.order < screen.order || glance.order < screen.typed_order;
    match next_step(screen, &look).filter(|_| !is_late) {
        Some(step) => Some((glance, look, step)),
        None => {
            lane.seen(glance.ticket);
            None
        }
    }
}

fn next_step(screen: &Screen, look: &Look) -> Option<Step> {
    if screen.mute || screen.shows(look) {
        return None;
    }
    if screen.entity.is_none() {
        return Some(Step::Patch);
    }
    let same_frame = screen.shown.as_ref().filter(|shown| shown.frame == look.frame);
    let Some(shown) = same_frame else { return Some(Step::Whole) };
    match screen.stream {
        Stream::Off => return Some(Step::Whole),
        Stream::Expired => return Some(Step::Open),
        Stream::Open(since) | Stream::Reopened(since) if since.elapsed() >= REOPEN_AFTER => {
            return Some(Step::Open);
        }
        Stream::Open(_) | Stream::Reopened(_) => {}
    }
    let change = |element, old: &Option<String>, new: &Option<String>| {
        let text = new.clone().filter(|text| !text.is_empty() && new != old)?;
        Some(Step::Type { element, text })
    };
    change(STEPS_ID, &shown.typed.steps, &look.typed.steps)
        .or_else(|| change(ANSWER_ID, &shown.typed.answer, &look.typed.answer))
}

fn keys(message: &MessageId, screen: &Screen, step: &Step) -> Vec<Key> {
    let place = match &screen.entity {
        Some(entity) => Key::Card(entity.id.clone()),
        None => Key::Message(name(message).to_owned()),
    };
    vec![place, Key::Glances(step.call()), Key::Api(step.call())]
}

fn request(screen: &Screen, message: &MessageId, look: &Look, step: &Step) -> Request {
    match (&screen.entity, step) {
        (Some(entity), Step::Whole) => put(entity, look),
        (Some(entity), Step::Open) => reopen(entity),
        (Some(entity), Step::Type { element, text }) => type_on(entity, element, text),
        (None, _) | (_, Step::Patch) => patch(message, look),
    }
}

/// Notes what a step has brought.
fn note(screen: &mut Screen, glance: &Glance, look: &Look, step: Step) {
    match step {
        Step::Whole | Step::Patch => screen.show(look),
        Step::Open => screen.stream = Stream::Reopened(Instant::now()),
        Step::Type { element, text } => {
            screen.typed_order = glance.order;
            if let Stream::Reopened(since) = screen.stream {
                screen.stream = Stream::Open(since);
            }
            if let Some(shown) = &mut screen.shown {
                let typed = &mut shown.typed;
                let place = if element == STEPS_ID { &mut typed.steps } else { &mut typed.answer };
                *place = Some(text);
            }
        }
    }
}

/// Decides what follows from a step that failed: another one, or none.
fn missed(screen: &mut Screen, step: &Step, rejected: Rejected) -> Result<(), Rejected> {
    match rejected.class {
        Class::Sequence => {
            if let Some(entity) = &screen.entity {
                entity.jump();
            }
            Ok(())
        }
        Class::StreamClosed => {
            // Closed although it was just opened: only a whole card helps.
            let again = matches!(screen.stream, Stream::Reopened(_));
            screen.stream = if again { Stream::Off } else { Stream::Expired };
            Ok(())
        }
        Class::CardInvalid | Class::Invalid | Class::Refused(_) => {
            screen.shown = None;
            screen.mute = matches!(step, Step::Whole | Step::Patch);
            Err(rejected)
        }
        Class::RateLimited { .. }
        | Class::Transient
        | Class::Token
        | Class::Lock
        | Class::Gone
        | Class::EntityGone
        | Class::Setup(_) => Err(rejected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feishu::cardkit::Entity;
    use poco_core::{Block, Text, Tone, Typing};

    fn running(steps: &str, answer: &str) -> Look {
        let live = Block::Live { steps: steps.into(), answer: answer.into() };
        Look::of(&Card::new(Tone::Busy, Text::verbatim("Running")).block(live).typing(Typing::Now))
    }

    fn on_an_entity(look: &Look) -> Screen {
        let mut screen = Screen { entity: Some(Entity::new("7", 1)), ..Screen::default() };
        screen.show(look);
        screen
    }

    fn refused(screen: &mut Screen, step: &Step, code: i64) -> Result<(), Rejected> {
        let class = crate::feishu::error::classify(code, "");
        missed(screen, step, Rejected { call: TYPE, code, message: String::new(), class })
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_changed_is_typed() {
        let screen = on_an_entity(&running("a", "b"));
        let step = |steps, answer| next_step(&screen, &running(steps, answer));
        assert_eq!(step("a", "b"), None);
        let typed = |element, text: &str| Some(Step::Type { element, text: text.into() });
        assert_eq!(step("a", "b c"), typed(ANSWER_ID, "b c"));
        assert_eq!(step("a c", "b c"), typed(STEPS_ID, "a c"));
        let other =
            Look::of(&Card::new(Tone::Asking, Text::verbatim("Another")).typing(Typing::Now));
        assert_eq!(next_step(&screen, &other), Some(Step::Whole));
        assert_eq!(next_step(&Screen::default(), &other), Some(Step::Patch));
    }

    #[tokio::test(start_paused = true)]
    async fn a_card_is_opened_anew_before_the_platform_closes_it() {
        let mut screen = on_an_entity(&running("", ""));
        tokio::time::advance(REOPEN_AFTER).await;
        assert_eq!(next_step(&screen, &running("", "b")), Some(Step::Open));
        screen.stream = Stream::Reopened(Instant::now());
        assert!(matches!(next_step(&screen, &running("", "b")), Some(Step::Type { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_card_that_closes_again_is_replaced_as_a_whole() {
        let (mut screen, next) = (on_an_entity(&running("", "")), running("", "b"));
        let step = next_step(&screen, &next).expect("a step");
        refused(&mut screen, &step, 200850).expect("another way");
        assert_eq!(next_step(&screen, &next), Some(Step::Open));
        screen.stream = Stream::Reopened(Instant::now());
        refused(&mut screen, &step, 300309).expect("another way");
        assert_eq!(next_step(&screen, &next), Some(Step::Whole));
    }

    #[tokio::test(start_paused = true)]
    async fn a_whole_look_that_is_refused_is_not_tried_again_and_again() {
        let (mut screen, next) = (on_an_entity(&running("", "")), running("", "b"));
        let step = next_step(&screen, &next).expect("a step");
        assert!(refused(&mut screen, &step, 300313).is_err());
        assert_eq!(next_step(&screen, &next), Some(Step::Whole));
        assert!(refused(&mut screen, &Step::Whole, 300305).is_err());
        assert_eq!(next_step(&screen, &next), None);
    }
}
