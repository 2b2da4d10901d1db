//! Configuration: environment, then file, then defaults.
