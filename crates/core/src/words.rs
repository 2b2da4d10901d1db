//! Every text of PoCo's own that people see, in all its languages side by side.
//!
//! A text is a function of what it speaks of and gives a [`Text`], which is chosen from when it is
//! shown: cards are in the language of their chat, a toast is in that of whoever pressed. To add
//! one, add its lines to the topic it belongs to:
//!
//! ```ignore
//! words! {
//!     place_in_line(place): "Place {place} in line.", "排在第 {place} 位。";
//! }
//! ```
//!
//! The compiler refuses a text that lacks a language, or that leaves out an argument in one.

mod text;

pub use text::{Lang, Say, Text};

/// Makes a function of each line: a name, what it speaks of, then English and Chinese.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident($($arg:ident),*): $en:literal, $zh:literal;)*) => {
        $(
            $(#[$doc])*
            pub fn $name($($arg: impl $crate::words::Say),*) -> $crate::Text {
                let [en, zh] = $crate::Lang::ALL.map(|lang| {
                    $(let $arg = $crate::words::Say::say(&$arg, lang);)*
                    match lang {
                        $crate::Lang::En => std::fmt::format(format_args!($en)),
                        $crate::Lang::Zh => std::fmt::format(format_args!($zh)),
                    }
                });
                $crate::Text::Two { en, zh }
            }
        )*

        /// Name, English and Chinese of each, as they are written.
        #[cfg(test)]
        pub(super) const ALL: &[[&str; 3]] = &[$([stringify!($name), $en, $zh]),*];
    };
}

pub mod acp;
pub mod agent;
pub mod approval;
pub mod command;
pub mod door;
pub mod file;
pub mod lobby;
pub mod people;
pub mod platform;
pub mod project;
pub mod runner;
pub mod setup;
pub mod task;

#[cfg(test)]
mod tests;
