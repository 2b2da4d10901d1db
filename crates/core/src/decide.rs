//! The one place where PoCo makes up its mind.
//!
//! What people see of the work going on is not decided here: cards are functions of the room, and
//! those that look different afterwards are shown.

pub(crate) mod approval;
mod audit;
mod broken;
mod dir;
mod held;
mod house;
mod lobby;
mod people;
mod project;
mod runner;
mod session;
mod shelf;
mod task;
mod tune;
mod words;

use crate::people::Role;
use crate::policy::Right;
use crate::{
    Action, Card, CardKey, CardRef, Effect, Event, Fact, Kind, Lang, MessageRef, Report, Room,
    Terms, Text, Tone, Topic, UserId, Via, policy, view, words as say,
};

/// Takes in one event and says what should follow.
///
/// Never fails: what cannot be done is refused with an effect, and what is out of date is nothing.
pub fn decide(terms: &Terms, room: &mut Room, event: &Event) -> Vec<Effect> {
    let (before, looks, spoke) = (room.clone(), view::looks(room), room.lang(terms));
    let mut ruling = None;
    runner::check(terms, room, event.at);
    let mut effects = match &event.fact {
        Fact::Acted { by, via, action } => {
            let scene = Scene { terms, event, by, via };
            let judged = ruling.insert(policy::judge(terms, room, by, via, action));
            match judged.role {
                _ if judged.allowed => {
                    let late = held::expire(room, event.at);
                    late.into_iter().chain(acted(&scene, room, action)).collect()
                }
                Some(role) => refused(&scene, room, action, role, judged.right),
                None => vec![Effect::Toast { text: say::project::no_leave() }],
            }
        }
        Fact::Reported { task, report } => reported(terms, room, event, task, report),
        Fact::Knocked { by, via, chat, text } => {
            house::knocked(terms, room, event, by, via, chat, text)
        }
        Fact::PairingOffered { code, until } => house::offered(terms, room, code, *until),
        Fact::Welcomed { by } => lobby::welcomed(terms, room, event, by),
        Fact::Looked { request, result } => match &room.kind {
            Kind::Project(_) => dir::looked(room, event, request, result),
            Kind::Lobby(_) | Kind::Fresh | Kind::Gone | Kind::House(_) => {
                lobby::looked(terms, room, event, request, result)
            }
        },
        Fact::Browsed { request, result } => dir::browsed(room, request, result),
        Fact::Changed { change } => shelf::changed(room, event, change),
        Fact::Relisted { project } => shelf::relisted(room, project),
        Fact::Listed { request, project } => lobby::listed(terms, room, event, request, project),
        Fact::OpenFailed { request, reason } => {
            lobby::open_failed(terms, room, event, request, reason)
        }
        Fact::Unlisted { project } => lobby::unlisted(room, project),
        Fact::Opened { name, by, settings, lobby, lang } => {
            room.lang = room.lang.or(*lang);
            project::opened(room, name, by, settings, lobby)
        }
        Fact::TakenOver { name, by, settings, thread, presets } => {
            let past = project::Past { name, by, settings, thread: thread.as_ref(), presets };
            project::taken_over(terms, room, &past)
        }
        Fact::Adopted { projects } if event.chat == terms.house => house::adopted(room, projects),
        Fact::Adopted { projects } => lobby::adopted(room, event, projects),
        Fact::Settled { lobby } => house::settled(room, lobby),
        Fact::Removed { by, lobby } => project::removed(room, event, by, lobby),
        Fact::Left { people } => people::left(terms, room, event, people),
        Fact::PeopleWanted { .. } => people::wanted(terms, room, event),
        Fact::Offered { by, to, until, lobby, chat } => {
            house::offered_owner(room, &house::Offering { by, to, until: *until, lobby, chat })
        }
        Fact::Accepted { by, via, chat } => house::accepted(terms, room, event, by, via, chat),
        Fact::HandedOver { from, to, chat } => lobby::handed_over(room, from, to, chat),
        Fact::Inherited { projects } => lobby::inherited(room, event, projects),
        Fact::Rehomed { from, to, lobby } => people::rehomed(room, event, from, to, lobby),
        Fact::Checked => task::release(terms, room, event),
        Fact::Unreadable { runner } => runner::unreadable(room, event, runner),
        Fact::NotSent { path, why, topic } => held::not_sent(event, path, why, topic.as_ref()),
    };
    let lang = spoken(terms, room, event);
    let looks = if lang == spoke { looks } else { view::Looks::new() };
    effects.extend(changed(&looks, view::looks(room)));
    let entry = audit::entry(&before, room, event, ruling.as_ref(), &effects);
    effects.extend(entry.map(|entry| Effect::Audit { entry }));
    effects.into_iter().map(|effect| told(effect, lang)).collect()
}

fn acted(scene: &Scene<'_>, room: &mut Room, action: &Action) -> Vec<Effect> {
    let is_new = matches!(room.kind, Kind::Fresh);
    if is_new && matches!(scene.via, Via::Direct | Via::Local { .. }) {
        room.kind = Kind::Lobby(Default::default());
        room.lang = room.lang.or(scene.event.lang);
    }
    let settled = (is_new && *scene.via == Via::Direct)
        .then(|| lobby::settled(scene.terms, &scene.event.chat));
    done(scene, room, action).into_iter().chain(settled).collect()
}

fn done(scene: &Scene<'_>, room: &mut Room, action: &Action) -> Vec<Effect> {
    if matches!(action, Action::Tap) {
        // Whoever pressed may never have talked to the bot: there is no need for a lobby.
        return scene.reply(say::command::tapped());
    }
    let talk =
        matches!(room.kind, Kind::Fresh | Kind::Gone) && matches!(action, Action::Say { .. });
    if talk && !room.hint(scene.event.at) {
        return vec![];
    }
    match (&room.kind, action) {
        (Kind::Gone, Action::Changes { task: Some(task), page }) => {
            return words::changes(scene, room, Some(task), *page);
        }
        // What was answered can be read as long as its chat is there.
        (Kind::Gone, Action::Page { task, page }) => {
            return words::page(scene, room, task, *page);
        }
        (Kind::Fresh, _) => {
            return scene.reply(say::project::group_is_none());
        }
        (Kind::Gone, _) => return scene.reply(say::project::group_is_gone()),
        (Kind::House(_), _) => return vec![],
        (Kind::Lobby(_) | Kind::Project(_), _) => {}
    }
    match action {
        Action::Say { text } => said(scene, room, text),
        Action::Run { prompt } => task::ask(scene, room, prompt, Default::default()),
        Action::Attach { text, run, enclosed } => held::attached(scene, room, text, *run, enclosed),
        Action::Drop { held } => held::drop(scene, room, held),
        Action::Without { task } => broken::without(scene, room, task),
        Action::Changes { task, page } => words::changes(scene, room, task.as_ref(), *page),
        Action::Deliver { path } => project::deliver(scene, room, path),
        Action::Stop { task } => task::stop(scene, room, task.as_ref()),
        Action::Steer { text } => task::steer(scene, room, text),
        Action::Merge { task } => task::merge(scene, room, task),
        Action::New => task::fresh(scene, room),
        Action::Approve { what, session } => approval::approve(scene, room, what, *session),
        Action::Deny { what, why } => approval::deny(scene, room, what, why.as_deref()),
        Action::Answer { approval, answers } => approval::answer(scene, room, approval, answers),
        Action::AskPage { approval, page } => approval::page(scene, room, approval, *page),
        Action::Resume { task } => broken::resume(scene, room, task),
        Action::Again { task } => broken::again(scene, room, task),
        Action::Discard { task } => broken::discard(scene, room, task),
        Action::Page { task, page } => words::page(scene, room, task, *page),
        Action::Status { task } => words::status(scene, room, task.as_ref()),
        Action::Queue => words::queue(scene, room),
        Action::Help => words::help(scene, room),
        Action::Speak { lang } => words::speak(scene, room, *lang),
        Action::Unsupported { what } => words::unsupported(scene, what),
        Action::Unknown { what } => words::unknown(scene, what),
        Action::Tap => vec![],
        Action::Home => lobby::home(scene, room),
        Action::NewProject => lobby::form(scene, room),
        Action::Create { name, agent, workdir, runner } => {
            lobby::create(scene, room, &lobby::Wish { name, agent, workdir, runner })
        }
        Action::Dir(dir) => dir::act(scene, room, dir),
        Action::Tune(tune) => tune::act(scene, room, tune),
        Action::Session(session) => session::act(scene, room, session),
        Action::Shelf(shelf) => shelf::act(scene, room, shelf),
        Action::Compose => task::compose(scene, room),
        Action::Hasten { task } => task::hasten(scene, room, task),
        Action::Close { looking } => dir::close(scene, room, looking.as_ref()),
        Action::Machines => runner::machines(scene, room),
        Action::Move { runner } => runner::relocate(scene, room, runner),
        Action::Manage { page } => lobby::manage(scene, room, *page),
        Action::Delete { project } => lobby::delete(scene, room, project),
        Action::Workspace => project::workspace(scene, room),
        Action::People { project, page } => people::show(scene, room, project.as_ref(), *page),
        Action::Invite { people, role } => people::invite(scene, room, people, *role),
        Action::Remove { people } => people::remove(scene, room, people),
        Action::Rules => people::rules(scene, room),
        Action::SetRules { members_approve, two } => {
            people::set_rules(scene, room, *members_approve, two)
        }
        Action::HandOver { to, sure } => people::hand_over(scene, room, to, *sure),
        Action::Accept => scene.reply(say::people::nothing_offered()),
    }
}

/// Tells somebody that what they are here is not enough. One who just talks hears it now and then.
fn refused(
    scene: &Scene<'_>,
    room: &mut Room,
    action: &Action,
    role: Role,
    right: Right,
) -> Vec<Effect> {
    if matches!(action, Action::Say { .. }) && !room.hint(scene.event.at) {
        return vec![];
    }
    scene.reply(people::refused(role, right))
}

/// Plain text is a prompt where a project lives, and a greeting elsewhere.
fn said(scene: &Scene<'_>, room: &mut Room, text: &str) -> Vec<Effect> {
    match (&room.kind, scene.via) {
        (Kind::Project(_), _) => task::ask(scene, room, text, Default::default()),
        (_, Via::Local { .. }) => words::help(scene, room),
        (_, Via::Direct | Via::Group | Via::Topic { .. } | Via::Press { .. }) => {
            lobby::home(scene, room)
        }
    }
}

fn reported(
    terms: &Terms,
    room: &mut Room,
    event: &Event,
    task: &crate::TaskId,
    report: &Report,
) -> Vec<Effect> {
    if !matches!(room.kind, Kind::Lobby(_) | Kind::Project(_)) {
        // It came so late that the project is gone, and nothing must start there.
        return vec![];
    }
    match report {
        Report::Claimed { claim, runner, thread } => {
            task::claimed(room, task, claim, runner, thread.as_ref())
        }
        Report::Unclaimed => task::unclaimed(room, event, task),
        Report::Held => task::held(room, task),
        Report::Started { thread, turn } => task::started(room, event, task, thread, turn),
        Report::Asked(approval) => approval::asked(terms, room, event, task, approval),
        Report::Settled { approval } => approval::settled(room, task, approval),
        Report::SteerMissed { id, by, text } => {
            task::steer_missed(terms, room, event, (task, id), by, text)
        }
        Report::Used { usage } => task::used(room, task, *usage),
        Report::Brought(brought) => task::brought(room, task, brought),
        Report::Ended { outcome, steps } => task::ended(room, event, task, outcome, steps),
    }
}

/// What is spoken to those who are to see what follows. Strangers at the door are in chats of their
/// own.
fn spoken(terms: &Terms, room: &Room, event: &Event) -> Lang {
    match room.kind {
        Kind::House(_) | Kind::Fresh => event.lang.unwrap_or(room.lang(terms)),
        Kind::Lobby(_) | Kind::Project(_) | Kind::Gone => room.lang(terms),
    }
}

/// Has an effect's card told in a language. A toast is for one person, whose client may choose.
fn told(effect: Effect, lang: Lang) -> Effect {
    match effect {
        Effect::Show { key, card } => Effect::Show { key, card: card.told(lang) },
        Effect::Post { chat, card } => Effect::Post { chat, card: card.told(lang) },
        Effect::Recall { task, page, on, part, under, .. } => {
            Effect::Recall { task, page, on, part, under, lang }
        }
        Effect::Toast { .. }
        | Effect::Send { .. }
        | Effect::Open { .. }
        | Effect::Tell { .. }
        | Effect::Audit { .. }
        | Effect::Keep { .. } => effect,
    }
}

/// Shows every card that looks different now, or is new. Those that went were shown when they did.
fn changed(before: &view::Looks, after: view::Looks) -> Vec<Effect> {
    let show = |(key, card)| Effect::Show { key, card };
    after.into_iter().filter(|(key, card)| before.get(key) != Some(card)).map(show).collect()
}

/// Who acts, how, and on what terms.
struct Scene<'a> {
    terms: &'a Terms,
    event: &'a Event,
    by: &'a UserId,
    via: &'a Via,
}

impl Scene<'_> {
    /// Tells whoever acted: beside the button that was pressed, or in the chat.
    fn reply(&self, text: Text) -> Vec<Effect> {
        match self.card() {
            Some(_) => vec![Effect::Toast { text }],
            None => vec![self.post(Card::new(Tone::Plain, Text::verbatim("PoCo")).text(text))],
        }
    }

    /// Whether it was done at the machine itself.
    fn is_at_machine(&self) -> bool {
        matches!(self.via, Via::Local { .. })
    }

    /// Whoever acts, as one of several who must allow something.
    fn person(&self) -> UserId {
        match self.via {
            Via::Local { .. } => people::at_machine(),
            Via::Direct | Via::Group | Via::Topic { .. } | Via::Press { .. } => self.by.clone(),
        }
    }

    /// Shows a card where the pressed one is, or as a new one.
    fn show(&self, card: Card) -> Effect {
        match self.card() {
            Some(pressed) => on(pressed, card),
            None => self.post(card),
        }
    }

    /// Shows a card that was opened to choose something: where the pressed one is, or as a new one
    /// that can be shown again.
    fn here(&self, card: Card) -> Effect {
        Effect::Show { key: self.place(), card }
    }

    /// Opens such a card, and leaves the pressed one as it is.
    fn open(&self, card: Card) -> Effect {
        Effect::Show { key: self.new_place(), card }
    }

    fn place(&self) -> CardKey {
        self.card().map_or_else(|| self.new_place(), |pressed| CardKey::This(pressed.clone()))
    }

    fn new_place(&self) -> CardKey {
        CardKey::Page(self.event.id.clone())
    }

    fn post(&self, card: Card) -> Effect {
        Effect::Post { chat: self.event.chat.clone(), card: card.under(self.below()) }
    }

    /// The topic it was done in, if it was in one.
    fn topic(&self) -> Option<&Topic> {
        self.via.topic()
    }

    /// The message to put new cards below, if it is not all the same where they are.
    fn below(&self) -> Option<MessageRef> {
        self.topic().map(|topic| topic.message.clone())
    }

    fn card(&self) -> Option<&CardRef> {
        match self.via {
            Via::Press { card } | Via::Local { card: Some(card) } => Some(card),
            Via::Direct | Via::Group | Via::Topic { .. } | Via::Local { card: None } => None,
        }
    }
}

fn on(pressed: &CardRef, card: Card) -> Effect {
    Effect::Show { key: CardKey::This(pressed.clone()), card }
}
