//! A small world for PoCo to live in.
