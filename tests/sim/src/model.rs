//! A scripted model server for the real agents.
