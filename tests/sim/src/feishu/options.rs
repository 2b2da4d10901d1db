//! How a simulated tenant and app are set up.

use super::registration::Flow;
use std::time::Duration;

/// The set-up of a simulator; [`Options::default`] is a tenant with two people.
#[derive(Clone, Debug)]
pub struct Options {
    pub app_id: String,
    pub app_secret: String,
    /// The bot's name.
    pub bot_name: String,
    /// The bot's own `ou_…`.
    pub bot_open_id: String,
    pub tenant_key: String,
    pub users: Vec<String>,
    /// Whether rate limits are enforced.
    pub limits: bool,
    /// Whether the app may read group messages that do not mention the bot.
    pub hears_all: bool,
    /// How long the platform waits for an answer to an event or a callback.
    pub answer_within: Duration,
    /// The kind of frame card callbacks come in over the long connection.
    pub callbacks_as: CallbackFrame,
    /// The verification token in every event.
    pub verification_token: String,
    /// How apps are made by the device flow.
    pub flow: Flow,
    /// Where chance starts; the same seed makes the same ids and choices.
    pub seed: u64,
    /// The port of the API; 0 takes a free one.
    pub port: u16,
}

/// The kind of frame a card callback comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackFrame {
    /// As the console promises.
    Event,
    /// As it happens when the console's setting is not in effect.
    Card,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            app_id: "cli_a1b2c3d4e5f60718".to_owned(),
            app_secret: "simulated-app-secret-000000000001".to_owned(),
            bot_name: "PoCo".to_owned(),
            bot_open_id: "ou_00000000000000000000000000b07b07".to_owned(),
            tenant_key: "2ca1d211f64f6438".to_owned(),
            users: vec!["ada".to_owned(), "bob".to_owned()],
            limits: true,
            hears_all: true,
            answer_within: Duration::from_secs(3),
            callbacks_as: CallbackFrame::Event,
            verification_token: "simulated-verification-token".to_owned(),
            flow: Flow::default(),
            seed: 20_260_101,
            port: 0,
        }
    }
}
