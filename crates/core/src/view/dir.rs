//! Cards to choose a folder with.

use super::{escape, runner};
use crate::setup::{Dir, Folder, FolderQuery};
use crate::words::{setup as words, task as task_words};
use crate::{Action, Block, Button, Card, Choice, EventId, Field, Form, Project, Text, Tone};

/// The button that puts a card away.
pub(super) fn close() -> Button {
    Button::new(words::close(), Action::Close { looking: None })
}

/// A card that was put away.
pub(crate) fn closed() -> Card {
    Card::new(Tone::Ended, Text::verbatim("PoCo")).note(words::closed())
}

/// Plain words in backticks of their own.
fn code(path: &str) -> String {
    path.replace('`', "'")
}

fn wrong(card: Card, wrong: Option<Text>) -> Card {
    let bold = |wrong: &str| format!("**{}**", escape(wrong));
    wrong.into_iter().fold(card, |card, wrong| card.text(wrong.map(bold)))
}

fn path_field(value: &str) -> Field {
    Field::Input {
        name: "workdir".to_owned(),
        label: words::path(),
        placeholder: Text::verbatim("~/src/my-api"),
        value: value.to_owned(),
        required: true,
    }
}

fn dir(label: Text, dir: Dir) -> Button {
    Button::new(label, Action::Dir(dir))
}

fn shell(project: &Project) -> Card {
    Card::new(Tone::Plain, words::dir_title(&project.name))
}

/// The other ways to a folder.
fn ways(project: &Project) -> Vec<Button> {
    let presets = (!project.presets.is_empty()).then(|| dir(words::presets(), Dir::Presets));
    let recent = (!project.recent.is_empty()).then(|| dir(words::recent(), Dir::Recent));
    let usual = (project.default_dir() != project.settings.workdir)
        .then(|| dir(words::use_default(), Dir::UseDefault));
    [presets, recent, usual].into_iter().flatten().collect()
}

/// Says that the machine is asked.
pub(crate) fn looking(project: &Project, request: &EventId, path: &str) -> Card {
    let looking = Some(request.clone());
    let close = Button::new(words::close(), Action::Close { looking });
    let card = Card::new(Tone::Busy, words::dir_title(&project.name));
    let card = runner::away_of(project).into_iter().fold(card, Card::text);
    card.text(words::looking(code(path))).note(words::looking_hint()).buttons(vec![close])
}

/// The folders in a folder.
pub(crate) fn browser(project: &Project, folder: &Folder) -> Card {
    let Folder { query, parent, names, pages } = folder;
    let at = |path: String| FolderQuery { path, hidden: query.hidden, ..FolderQuery::default() };
    let card =
        shell(project).text(words::dir_now(code(&project.settings.workdir), code(&query.path)));
    let card = match (names.is_empty(), query.filter.is_empty()) {
        (false, _) => card,
        (true, true) => card.note(words::folder_total()),
        (true, false) => card.note(words::nothing_fits()),
    };
    let inside = query.path.trim_end_matches('/');
    let up = parent.iter().map(|path| Choice { label: words::up(), value: path.clone() });
    let down = names
        .iter()
        .map(|name| Choice { label: Text::verbatim(name), value: format!("{inside}/{name}") });
    let options: Vec<_> = up.chain(down).collect();
    let list = Field::Select {
        name: "open_path".to_owned(),
        label: words::open_folder(),
        options,
        value: None,
    };
    let filter = Field::Input {
        name: "filter".to_owned(),
        label: words::filter(),
        placeholder: words::filter_example(),
        value: query.filter.clone(),
        required: false,
    };
    let listed = !names.is_empty() || parent.is_some();
    let open = Dir::Browse(at(query.path.clone()));
    let card = card.block(Block::Form(Form {
        name: "browse_form".to_owned(),
        fields: listed.then_some(list).into_iter().chain([filter]).collect(),
        submit: dir(words::open_selected(), open),
        others: vec![
            dir(words::work_here(), Dir::Apply { path: query.path.clone() }).primary(),
            close(),
        ],
    }));
    let page = |page| Dir::Browse(FolderQuery { page, ..query.clone() });
    let back = (query.page > 0)
        .then(|| dir(task_words::previous_page(), page(query.page.saturating_sub(1))));
    let on = (query.page + 1 < *pages).then(|| dir(task_words::next_page(), page(query.page + 1)));
    let card =
        if *pages > 1 { card.note(words::folder_page(query.page + 1, *pages)) } else { card };
    let hidden = if query.hidden { words::hide_hidden() } else { words::show_hidden() };
    let turned = FolderQuery { page: 0, hidden: !query.hidden, ..query.clone() };
    card.buttons([back, on].into_iter().flatten().collect()).buttons(
        [
            dir(hidden, Dir::Browse(turned)),
            dir(words::enter_path(), Dir::Type { path: query.path.clone() }),
        ]
        .into_iter()
        .chain(ways(project))
        .collect(),
    )
}

/// A field for a path.
pub(crate) fn typed(project: &Project, path: &str, why: Option<Text>) -> Card {
    let card = wrong(shell(project), why).text(words::dir_is(code(&project.settings.workdir)));
    let query = FolderQuery { path: project.settings.workdir.clone(), ..FolderQuery::default() };
    card.block(Block::Form(Form {
        name: "path_form".to_owned(),
        fields: vec![path_field(path)],
        submit: dir(words::apply(), Dir::Apply { path: String::new() }).primary(),
        others: vec![dir(words::browse(), Dir::Browse(query)), close()],
    }))
    .buttons(ways(project))
}

/// Says where the project works now.
pub(crate) fn works_in(project: &Project) -> Card {
    Card::new(Tone::Good, words::dir_title(&project.name))
        .text(words::works_in(code(&project.settings.workdir)))
        .note(words::next_task())
}

fn choices(card: Card, paths: &[String], button: impl Fn(usize, &str) -> Button) -> Card {
    let lines = paths.iter().zip(1..).map(|(path, place)| format!("{place}. `{}`", code(path)));
    let lines = lines.collect::<Vec<_>>().join("\n");
    let card = if lines.is_empty() { card } else { card.text(Text::verbatim(lines)) };
    card.buttons(paths.iter().zip(1..).map(|(path, place)| button(place, path)).collect())
}

/// Folders it worked in before.
pub(crate) fn recent(project: &Project) -> Card {
    let card = Card::new(Tone::Plain, words::recent_title(&project.name));
    let card = if project.recent.is_empty() { card.text(words::no_recent()) } else { card };
    let apply =
        |place, path: &str| dir(words::use_preset(place), Dir::Apply { path: path.to_owned() });
    choices(card, &project.recent, apply).buttons(vec![close()])
}

/// Folders that are kept, to work in one.
pub(crate) fn presets(project: &Project, why: Option<Text>) -> Card {
    let card = wrong(Card::new(Tone::Plain, words::presets_title(&project.name)), why);
    let card = if project.presets.is_empty() { card.text(words::no_presets()) } else { card };
    let apply = |place, path: &str| {
        dir(words::use_preset(place), Dir::ApplyPreset { path: path.to_owned() })
    };
    choices(card, &project.presets, apply)
        .buttons(vec![dir(words::manage_presets(), Dir::ManagePresets), close()])
}

/// Folders that are kept, to add and remove.
pub(crate) fn kept(project: &Project, why: Option<(&str, Text)>) -> Card {
    let (path, why) = why.map_or((String::new(), None), |(path, why)| (path.to_owned(), Some(why)));
    let card = wrong(Card::new(Tone::Plain, words::kept_title(&project.name)), why);
    let card = if project.presets.is_empty() { card.text(words::no_presets()) } else { card };
    let remove =
        |place, path: &str| dir(words::remove(place), Dir::RemovePreset { path: path.to_owned() });
    choices(card, &project.presets, remove).block(Block::Form(Form {
        name: "preset_form".to_owned(),
        fields: vec![path_field(&path)],
        submit: dir(words::add_preset(), Dir::AddPreset { path: String::new() }).primary(),
        others: vec![close()],
    }))
}

/// The project's usual folder.
pub(crate) fn default_dir(project: &Project, path: Option<&str>, why: Option<Text>) -> Card {
    let card = wrong(Card::new(Tone::Plain, words::default_title(&project.name)), why);
    let usual = project.default_dir();
    let use_it =
        (usual != project.settings.workdir).then(|| dir(words::use_default(), Dir::UseDefault));
    card.text(words::default_is(code(usual)))
        .block(Block::Form(Form {
            name: "default_form".to_owned(),
            fields: vec![path_field(path.unwrap_or(usual))],
            submit: dir(words::set_default(), Dir::SetDefault { path: String::new() }).primary(),
            others: vec![close()],
        }))
        .buttons(use_it.into_iter().collect())
}
