//! The only place that knows Feishu.
