//! Two people, and whatever becomes of them while an agent waits.

use super::made::settings;
use poco_core::{
    Action, Approval, ApprovalId, Ask, CardRef, ChatId, Command, Danger, Effect, Event, EventId,
    Fact, Kind, Lang, Named, Nature, Pages, Person, Phase, Project, Report, Role, Room, RunnerId,
    Terms, ThreadId, Timestamp, TurnId, UserId, Verdict, Via, decide,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The owner, the sender of the task, and others.
const PEOPLE: [&str; 4] = ["ann", "bob", "cat", "dan"];

/// Something that happens while the agent waits.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Allow(usize),
    Become(usize, Role),
    Leave(usize),
    /// The machine is started anew, and the agent asks again: the same, or something else.
    Ask(bool),
    MembersAnswer(bool),
    Two(bool),
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let role = prop::sample::select(&Role::ALL[..3]);
    let step = prop_oneof![
        6 => (0..PEOPLE.len()).prop_map(Step::Allow),
        2 => (1..PEOPLE.len(), role).prop_map(|(who, role)| Step::Become(who, role)),
        1 => (1..PEOPLE.len()).prop_map(Step::Leave),
        3 => prop::bool::weighted(0.8).prop_map(Step::Ask),
        1 => any::<bool>().prop_map(Step::MembersAnswer),
        1 => prop::bool::weighted(0.8).prop_map(Step::Two),
    ];
    prop::collection::vec(step, 1..40)
}

/// A room at work, and what anybody could know of it without asking the room.
struct Watch {
    terms: Terms,
    room: Room,
    events: u64,
    roles: BTreeMap<usize, Role>,
    members_answer: bool,
    two: bool,
    /// Who has allowed what is asked, and may still.
    allowed: Vec<usize>,
    about: bool,
}

impl Watch {
    fn new() -> Self {
        let terms = Terms {
            owner: Some(UserId::new("ann")),
            house: ChatId::new("house"),
            agents: vec!["codex".into()],
            settings: settings(),
            lang: Lang::En,
            runners: vec![],
            offers: Default::default(),
        };
        let (by, lobby) = (UserId::new("ann"), ChatId::new("lobby"));
        let kind = Kind::Project(Project::new("api".into(), by, settings(), lobby));
        let room = Room { kind, ..Room::default() };
        let roles = BTreeMap::from([(0, Role::Owner), (1, Role::Member), (2, Role::Admin)]);
        let mut watch = Self {
            terms,
            room,
            events: 0,
            roles,
            members_answer: false,
            two: true,
            allowed: vec![],
            about: true,
        };
        watch.write();
        watch.tell(Fact::Acted {
            by: UserId::new("bob"),
            via: Via::Group,
            action: Action::parse("tidy"),
        });
        let (claim, runner) = ("c".to_owned(), RunnerId::local());
        watch.report(Report::Claimed { claim, runner, thread: None });
        watch.report(Report::Started { thread: ThreadId::new("th"), turn: TurnId::new("t") });
        watch.ask(true);
        watch
    }

    /// Has the room be as it would have been told.
    fn write(&mut self) {
        let Kind::Project(project) = &mut self.room.kind else { return };
        project.rules.members_approve = self.members_answer;
        project.rules.two = self.two.then_some(Danger::Delete).into_iter().collect();
        project.people.clear();
        for (who, role) in self.roles.iter().filter(|(who, _)| **who != 0) {
            let (name, since, by) = (String::new(), Timestamp(1), UserId::new("ann"));
            let person = Person { name, role: *role, since, by };
            project.people.insert(UserId::new(PEOPLE[*who]), person);
        }
    }

    fn owner(&mut self, action: Action) -> Vec<Effect> {
        self.tell(Fact::Acted { by: UserId::new("ann"), via: Via::Group, action })
    }

    /// Sets the rules, as far as the room takes them: it does not take what nobody could keep to.
    fn rules(&mut self) -> Vec<Effect> {
        let two = self.two.then_some(Danger::Delete).into_iter().collect();
        let effects = self.owner(Action::SetRules { members_approve: self.members_answer, two });
        let Kind::Project(project) = &self.room.kind else { return effects };
        self.members_answer = project.rules.members_approve;
        self.two = !project.rules.two.is_empty();
        effects
    }

    fn tell(&mut self, fact: Fact) -> Vec<Effect> {
        self.events += 1;
        let event = Event {
            id: EventId::new(format!("e{}", self.events)),
            chat: ChatId::new("chat"),
            at: Timestamp(self.events * 1_000),
            lang: None,
            fact,
        };
        decide(&self.terms, &mut self.room, &event)
    }

    fn report(&mut self, report: Report) -> Vec<Effect> {
        let task = self.room.desk.current.as_ref().expect("it is at work").id.clone();
        self.tell(Fact::Reported { task, report })
    }

    fn ask(&mut self, same: bool) -> Vec<Effect> {
        let text = if same { "rm -rf data" } else { "rm -rf other" };
        let command = Pages::one("p", text);
        let ask = Ask::Command { command, cwd: "/".into(), reason: Default::default() };
        let nature = Nature::default();
        self.report(Report::Asked(Approval { id: ApprovalId::new("a"), ask, nature }))
    }

    fn may(&self, who: usize) -> bool {
        self.roles.get(&who).is_some_and(|role| {
            *role >= Role::Admin || *role == Role::Member && (who == 1 || self.members_answer)
        })
    }

    /// Takes a step; says whether the agent was let go on.
    fn take(&mut self, step: &Step) -> bool {
        let before = self.room.desk.current.as_ref().map(|task| task.pending.len());
        let effects = match step {
            Step::Allow(who) => {
                let what = "a".to_owned();
                let (by, card) = (UserId::new(PEOPLE[*who]), CardRef::new("card"));
                let action = Action::Approve { what, session: who % 2 == 0 };
                if self.may(*who) && before == Some(1) && !self.allowed.contains(who) {
                    self.allowed.push(*who);
                }
                self.tell(Fact::Acted { by, via: Via::Press { card }, action })
            }
            Step::Become(who, role) => {
                self.roles.insert(*who, *role);
                let people = vec![Named { id: UserId::new(PEOPLE[*who]), name: String::new() }];
                self.owner(Action::Invite { people, role: *role })
            }
            Step::Leave(who) => {
                self.roles.remove(who);
                self.tell(Fact::Left { people: vec![UserId::new(PEOPLE[*who])] })
            }
            Step::Ask(same) => {
                if self.about != *same {
                    // Of what is asked now nobody has said anything.
                    (self.about, self.allowed) = (*same, vec![]);
                }
                self.ask(*same)
            }
            Step::MembersAnswer(it) => {
                self.members_answer = *it;
                self.rules()
            }
            Step::Two(it) => {
                self.two = *it;
                self.rules()
            }
        };
        let gone: Vec<_> = self.allowed.iter().copied().filter(|who| !self.may(*who)).collect();
        self.allowed.retain(|who| !gone.contains(who));
        effects.iter().any(|effect| {
            let Effect::Send { command: Command::Answer { verdict, .. }, .. } = effect else {
                return false;
            };
            let session = *verdict == Verdict::AllowSession;
            assert!(!session || !self.two, "nothing is allowed for good");
            true
        })
    }
}

/// Whatever people become while an agent waits, it goes on only if as many have allowed it as the
/// rules ask for by then, of those who may by then.
pub(super) fn check(steps: &[Step]) {
    let mut watch = Watch::new();
    for (at, step) in steps.iter().enumerate() {
        let goes_on = watch.take(step);
        let enough = watch.allowed.len() >= if watch.two { 2 } else { 1 };
        assert!(!goes_on || enough, "step {at}, {step:?}: {:?}", watch.allowed);
        let task = watch.room.desk.current.as_ref().expect("it goes on");
        assert_eq!(task.phase, Phase::Running);
    }
}
