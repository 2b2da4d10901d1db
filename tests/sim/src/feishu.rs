//! A strict simulator of the Feishu Open Platform.
