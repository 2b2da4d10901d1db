//! Where documents are kept.
