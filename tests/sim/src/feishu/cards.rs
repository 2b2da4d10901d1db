//! Cards: which ones the platform takes, and what a person sees on them.

pub(crate) mod count;
pub(crate) mod error;
pub(crate) mod find;
pub(crate) mod form;
pub(crate) mod markdown;
pub(crate) mod people;
pub(crate) mod schema;
pub(crate) mod validate;
