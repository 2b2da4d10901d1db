//! Keeps calls below the platform's limits, in the order they were asked for.
//!
//! A call takes a place in each of its gates and holds it until the window has passed since its
//! *answer*: however long a call is on its way, the platform never counts more than the limit.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout_at};

/// What a limit is counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// All calls of one kind.
    Api(&'static str),
    /// Live output of all cards by one kind of call: leaves room for what must be shown.
    Glances(&'static str),
    /// Posts in one chat.
    Chat(String),
    /// Changes of one message.
    Message(String),
    /// Operations on one card entity.
    Card(String),
    /// New groups: one after the other.
    Opening,
}

/// At most so many calls in so much time.
#[derive(Debug)]
struct Limit {
    calls: usize,
    per: Duration,
}

const fn limit(calls: usize, millis: u64) -> Limit {
    Limit { calls, per: Duration::from_millis(millis) }
}

impl Key {
    /// A little less than the platform allows: 50 a second and 1,000 a minute of one kind of call,
    /// 5 a second in a chat and on a message, 10 on a card entity.
    const fn limits(&self) -> &'static [Limit] {
        match self {
            Self::Api(_) => &const { [limit(45, 1_000), limit(950, 60_000)] },
            Self::Glances(_) => &const { [limit(12, 1_000)] },
            Self::Chat(_) | Self::Message(_) => &const { [limit(4, 1_000)] },
            Self::Card(_) => &const { [limit(8, 1_000)] },
            Self::Opening => &const { [limit(1, 200)] },
        }
    }

    /// The longest time a call counts for.
    fn memory(&self) -> Duration {
        self.limits().iter().map(|limit| limit.per).max().unwrap_or_default()
    }
}

/// Who goes first when there is not room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// It must be shown.
    Due,
    /// It is nice to see.
    Glance,
}

/// Gates beyond this number are looked through for idle ones.
const GATES_KEPT: usize = 256;

#[derive(Clone, Debug, Default)]
pub(super) struct Pacer(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    gates: HashMap<Key, Gate>,
    waiting: BTreeMap<Place, Waiting>,
    next: u64,
    /// When somebody looks again.
    alarm: Option<Instant>,
    /// When we took over from a process whose last calls may still count.
    since: Option<Instant>,
}

/// First the urgent ones, then whoever came first.
type Place = (Urgency, u64);

#[derive(Debug)]
struct Waiting {
    keys: Vec<Key>,
    grant: oneshot::Sender<Permit>,
}

#[derive(Debug, Default)]
struct Gate {
    running: usize,
    /// When calls were answered, oldest first.
    ended: VecDeque<Instant>,
    held: Option<Instant>,
}

/// Leave to make one call; it counts as answered when this is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    pacer: Pacer,
    keys: Vec<Key>,
}

impl Pacer {
    /// Makes one for a process that may follow upon another: what that one did a moment ago is not
    /// known, so each chat and card gets one call at first, and each kind of call a few.
    pub(super) fn following() -> Self {
        let state = State { since: Some(Instant::now()), ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Waits for leave to make a call. `None` if there is none by the deadline.
    pub(super) async fn admit(
        &self,
        keys: &[Key],
        urgency: Urgency,
        deadline: Instant,
    ) -> Option<Permit> {
        let (grant, granted) = oneshot::channel();
        let _queued = self.enqueue(keys.to_vec(), urgency, grant);
        self.pump();
        timeout_at(deadline, granted).await.ok()?.ok()
    }

    /// Makes calls wait that would be counted by a key that the platform has closed.
    pub(super) fn hold(&self, key: &Key, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.state();
        let gate = state.gate(key);
        gate.held = gate.held.max(Some(until));
    }

    fn enqueue(
        &self,
        keys: Vec<Key>,
        urgency: Urgency,
        grant: oneshot::Sender<Permit>,
    ) -> Queued<'_> {
        let mut state = self.state();
        state.next += 1;
        let place = (urgency, state.next);
        state.waiting.insert(place, Waiting { keys, grant });
        Queued { pacer: self, place }
    }

    /// Lets go whoever may, and comes back when the next one may.
    fn pump(&self) {
        let now = Instant::now();
        let mut state = self.state();
        let (go, wake) = state.ready(now);
        let mut unwanted = vec![];
        for place in go {
            let Some(waiting) = state.waiting.remove(&place) else { continue };
            for key in &waiting.keys {
                state.gate(key).running += 1;
            }
            let permit = Permit { pacer: self.clone(), keys: waiting.keys };
            unwanted.extend(waiting.grant.send(permit).err());
        }
        state.tidy(now);
        if let Some(wake) = wake.filter(|wake| state.alarm.is_none_or(|alarm| *wake < alarm)) {
            state.alarm = Some(wake);
            self.pump_at(wake);
        }
        drop(state);
        // Not before the state is free again: a permit gives its places back when dropped.
        drop(unwanted);
    }

    fn pump_at(&self, wake: Instant) {
        // Without a runtime the program is about to end.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let pacer = self.clone();
        runtime.spawn(async move {
            sleep_until(wake).await;
            pacer.state().alarm = None;
            pacer.pump();
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns who may go now, and when the next one may.
    fn ready(&self, now: Instant) -> (Vec<Place>, Option<Instant>) {
        let (mut go, mut wake) = (vec![], None);
        let mut taken: HashMap<&Key, usize> = HashMap::new();
        // Whoever comes later does not pass someone who waits at the same gate.
        let mut waited_for: HashSet<&Key> = HashSet::new();
        for (place, waiting) in &self.waiting {
            let mut free = true;
            for key in &waiting.keys {
                let more = taken.get(key).copied().unwrap_or_default();
                let opens = self.opens(key, more, now);
                if waited_for.contains(key) || opens != Opens::Now {
                    waited_for.insert(key);
                    free = false;
                }
                if let Opens::At(at) = opens {
                    wake = Some(wake.map_or(at, |wake: Instant| wake.min(at)));
                }
            }
            if free {
                for key in &waiting.keys {
                    *taken.entry(key).or_default() += 1;
                }
                go.push(*place);
            }
        }
        (go, wake)
    }

    fn opens(&self, key: &Key, taken: usize, now: Instant) -> Opens {
        let unused;
        let gate = match self.gates.get(key) {
            Some(gate) => gate,
            None => {
                unused = Gate::new(key, self.since);
                &unused
            }
        };
        let held = gate.held.filter(|held| *held > now).map_or(Opens::Now, Opens::At);
        let limits = key.limits().iter().map(|limit| gate.opens(limit, taken, now));
        limits.fold(held, Opens::max)
    }

    fn gate(&mut self, key: &Key) -> &mut Gate {
        let since = self.since;
        self.gates.entry(key.clone()).or_insert_with(|| Gate::new(key, since))
    }

    fn tidy(&mut self, now: Instant) {
        if self.gates.len() > GATES_KEPT {
            self.gates.retain(|key, gate| !gate.is_idle(key, now));
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Opens {
    Now,
    At(Instant),
    /// When a call that is on its way has been answered.
    Later,
}

impl Gate {
    fn new(key: &Key, since: Option<Instant>) -> Self {
        let calls = key.limits()[0].calls;
        let counted = match key {
            Key::Chat(_) | Key::Message(_) | Key::Card(_) => calls - 1,
            // The platform allows five more than we make use of.
            Key::Api(_) => calls - 5,
            Key::Glances(_) | Key::Opening => 0,
        };
        let counted = since.map(|since| VecDeque::from(vec![since; counted]));
        Self { ended: counted.unwrap_or_default(), ..Self::default() }
    }

    fn opens(&self, limit: &Limit, taken: usize, now: Instant) -> Opens {
        let Some(room) = limit.calls.checked_sub(self.running + taken + 1) else {
            return Opens::Later;
        };
        // There is room for one more if all but `room` of the answered calls are out of the window.
        let Some(nth) = self.ended.len().checked_sub(room + 1) else { return Opens::Now };
        let at = self.ended[nth] + limit.per;
        if at <= now { Opens::Now } else { Opens::At(at) }
    }

    fn end(&mut self, memory: Duration, now: Instant) {
        self.running = self.running.saturating_sub(1);
        while self.ended.front().is_some_and(|ended| *ended + memory <= now) {
            self.ended.pop_front();
        }
        self.ended.push_back(now);
    }

    fn is_idle(&self, key: &Key, now: Instant) -> bool {
        let past = |last: &Instant| *last + key.memory() <= now;
        self.running == 0
            && self.ended.back().is_none_or(past)
            && self.held.is_none_or(|held| held <= now)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut state = self.pacer.state();
        for key in &self.keys {
            state.gate(key).end(key.memory(), now);
        }
        drop(state);
        self.pacer.pump();
    }
}

/// A place in the queue; given up when dropped.
struct Queued<'a> {
    pacer: &'a Pacer,
    place: Place,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.pacer.state().waiting.remove(&self.place);
    }
}

#[cfg(test)]
mod tests;
