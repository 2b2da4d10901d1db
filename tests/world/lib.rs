//! A small world for PoCo to live in.

#[cfg(feature = "aws")]
pub mod cloud;
