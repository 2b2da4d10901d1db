//! What PoCo does, without touching anything.
