//! Where jobs wait for a runner.
