//! The strict check of a JSON 2.0 card.

use super::error::CardError;
use super::schema::{self, CONTAINERS, Check, PARTS, Property};
use super::{count, form, markdown};
use serde_json::{Map, Value};

type Checked = Result<(), CardError>;

/// The most containers that may stand in each other.
const NESTING_MAX: usize = 5;

/// Checks a card as strictly as the platform does.
///
/// # Errors
/// If the platform would not take the card; the codes are the platform's.
pub fn validate_card(card: &Value) -> Checked {
    count::size(card)?;
    if card.get("schema").and_then(Value::as_str) != Some("2.0") {
        let error = CardError::new(200_621, "ROOT", "only cards of schema 2.0 are simulated");
        return Err(error.kit(300_303));
    }
    if card.pointer("/config/update_multi") == Some(&Value::Bool(false)) {
        let error = CardError::new(11310, "ROOT -> config", "update_multi must be true in 2.0");
        return Err(error.kit(300_302));
    }
    count::tagged(card)?;
    let colors = card.pointer("/config/style/color").and_then(Value::as_object);
    Walk { colors, nesting: 0, form: None }.shape("card", card, "ROOT")?;
    count::ids(card)?;
    count::tables(card)?;
    form::names(card)
}

/// Where in the card the check is.
#[derive(Clone, Copy)]
struct Walk<'a> {
    /// Colours the card declares itself.
    colors: Option<&'a Map<String, Value>>,
    nesting: usize,
    /// The form around, if any.
    form: Option<&'a str>,
}

impl<'a> Walk<'a> {
    fn shape(self, name: &str, value: &'a Value, path: &str) -> Checked {
        let object = object(value, path)?;
        let properties = schema::shape(name)
            .ok_or_else(|| CardError::new(200_621, path, format!("unknown shape {name}")))?;
        self.properties(object, &properties, path)
    }

    /// Checks an object that carries a tag.
    fn component(mut self, value: &'a Value, path: &str) -> Checked {
        let object = object(value, path)?;
        let Some(tag) = object.get("tag").and_then(Value::as_str) else {
            return Err(CardError::new(200_621, path, "type of element is not supported tag: "));
        };
        if matches!(tag, "action" | "note") {
            let message = "cards of schema V2 no longer support this capability";
            let value = format!("unsupported tag {tag}");
            return Err(CardError::new(200_861, path, message).value(value));
        }
        let unknown = || unsupported(tag, path);
        let properties = schema::component(tag).ok_or_else(unknown)?;
        if tag == "form" || tag == "table" {
            self.at_root(tag, path)?;
        }
        form::place(tag, object, self.form, path)?;
        if CONTAINERS.contains(&tag) {
            self.nesting += 1;
        }
        if self.nesting > NESTING_MAX {
            return Err(CardError::new(11310, path, "container nesting exceeds the limit"));
        }
        if tag == "form" {
            self.form = object.get("name").and_then(Value::as_str).or(Some(""));
        }
        self.properties(object, &properties, path)?;
        match tag {
            "markdown" | "lark_md" => markdown::check(object, path),
            "table" => count::rows(object, path),
            "input" => form::input(object, path),
            _ => Ok(()),
        }
    }

    fn at_root(self, tag: &str, path: &str) -> Checked {
        if self.nesting == 0 {
            return Ok(());
        }
        Err(CardError::new(11310, path, format!("{tag} can only be at the root of the card")))
    }

    fn properties(self, object: &'a Map<String, Value>, known: &[Property], path: &str) -> Checked {
        for (name, value) in object {
            let Some(property) = known.iter().find(|property| property.name == name) else {
                let message = format!("unknown property, property: {name}, path: {path}");
                return Err(CardError::new(200_621, path, message));
            };
            self.check(property.check, value, &format!("{path} -> {name}"))?;
        }
        let missing = known.iter().find(|known| known.required && !object.contains_key(known.name));
        let Some(missing) = missing else { return Ok(()) };
        let message = format!("{} is required, path: {path}", missing.name);
        Err(CardError::new(200_621, path, message))
    }

    fn check(self, check: Check, value: &'a Value, path: &str) -> Checked {
        match check {
            Check::Anything => Ok(()),
            Check::Kind(kind) => self.kind(kind, value, path),
            Check::ListOf(kind) => {
                let items = list(value, path)?;
                if items.is_empty() && kind != "person_option" {
                    return Err(CardError::new(11310, path, "the list must not be empty"));
                }
                each(items, path, |item, path| self.kind(kind, item, path))
            }
            Check::OneOf(words) => {
                let known = value.as_str().is_some_and(|word| words.split('|').any(|w| w == word));
                if known { Ok(()) } else { Err(wrong(path, &format!("one of {words}"), value)) }
            }
        }
    }

    fn kind(self, kind: &str, value: &'a Value, path: &str) -> Checked {
        let expect = |good: bool, what: &str| {
            if good { Ok(()) } else { Err(wrong(path, what, value)) }
        };
        match kind {
            "str" => expect(value.is_string(), "a string"),
            "full" => expect(value.as_str().is_some_and(|s| !s.is_empty()), "a non-empty string"),
            "bool" => expect(value.is_boolean(), "a boolean"),
            "number" => expect(value.as_u64().is_some(), "a whole number"),
            "object" => expect(value.is_object(), "an object"),
            "url" => url(value, path),
            "color" => self.color(value, path),
            // No images can be uploaded to the simulator, so no key exists.
            "image" => Err(CardError::new(200_570, path, "image key does not exist")),
            "plain" => self.tagged(value, &["plain_text"], path),
            "text" => self.tagged(value, &["plain_text", "lark_md"], path),
            "panel_title" => self.tagged(value, &["plain_text", "markdown"], path),
            "icon" => self.tagged(value, &["standard_icon", "custom_icon"], path),
            "tags" if list(value, path)?.len() > 3 => {
                Err(CardError::new(11310, path, "text_tag_list exceeds the limit of 3"))
            }
            "tags" => {
                each(list(value, path)?, path, |tag, path| self.tagged(tag, &["text_tag"], path))
            }
            "columns" => each(list(value, path)?, path, |column, path| {
                self.tagged(column, &["column"], path)
            }),
            "elements" => {
                each(list(value, path)?, path, |element, path| self.element(element, path))
            }
            "component" => self.component(value, path),
            "behaviors" => each(list(value, path)?, path, |behavior, path| {
                let kind = behavior.get("type").and_then(Value::as_str).unwrap_or_default();
                match kind {
                    "callback" | "open_url" => self.shape(kind, behavior, path),
                    _ => Err(wrong(path, "callback or open_url", behavior)),
                }
            }),
            shape => self.shape(shape, value, path),
        }
    }

    /// Checks a member of a list of elements.
    fn element(self, element: &'a Value, path: &str) -> Checked {
        let tag = element.get("tag").and_then(Value::as_str).unwrap_or_default();
        // Plain text may stand by itself: CardKit types onto it.
        if PARTS.contains(&tag) && tag != "plain_text" {
            return Err(unsupported(tag, path));
        }
        self.component(element, path)
    }

    fn tagged(self, value: &'a Value, tags: &[&str], path: &str) -> Checked {
        let tag = value.get("tag").and_then(Value::as_str).unwrap_or_default();
        if !tags.contains(&tag) {
            return Err(unsupported(tag, path));
        }
        self.component(value, path)
    }

    fn color(self, value: &Value, path: &str) -> Checked {
        let color = value.as_str().unwrap_or_default();
        let declared = self.colors.is_some_and(|colors| colors.contains_key(color));
        if declared || known_color(color) {
            return Ok(());
        }
        Err(CardError::new(11310, path, format!("invalid color: {color}")).value(color))
    }
}

/// Returns the check's own walk over one element, for operations on single elements.
pub(crate) fn each<'a>(
    items: &'a [Value],
    path: &str,
    check: impl Fn(&'a Value, &str) -> Checked,
) -> Checked {
    items.iter().enumerate().try_for_each(|(index, item)| {
        let tag = item.get("tag").and_then(Value::as_str);
        let tag = tag.map(|tag| format!("(tag: {tag})")).unwrap_or_default();
        check(item, &format!("{path} -> [{index}]{tag}"))
    })
}

fn known_color(color: &str) -> bool {
    const NAMES: &str = "default white black bg-white blue wathet turquoise green lime yellow \
        sunflower orange red carmine violet purple indigo grey neutral";
    let rgba = color.starts_with("rgba(") && color.ends_with(')');
    let name = color.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    rgba || NAMES.split_whitespace().any(|known| known == color || known == name)
}

fn url(value: &Value, path: &str) -> Checked {
    let url = value.as_str().ok_or_else(|| wrong(path, "a string", value))?;
    let web = url.starts_with("http://") || url.starts_with("https://");
    // Empty means: the same as default_url.
    if web || url.is_empty() || url == "lark://msgcard/unsupported_action" {
        return Ok(());
    }
    Err(wrong(path, "an http(s) address", value))
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, CardError> {
    value.as_object().ok_or_else(|| wrong(path, "an object", value))
}

fn list<'a>(value: &'a Value, path: &str) -> Result<&'a [Value], CardError> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| wrong(path, "an array", value))
}

fn unsupported(tag: &str, path: &str) -> CardError {
    CardError::new(200_621, path, format!("type of element is not supported tag: {tag}"))
}

fn wrong(path: &str, wanted: &str, value: &Value) -> CardError {
    let message = format!("the value must be {wanted}, path: {path}");
    CardError::new(200_621, path, message).value(value.to_string())
}
