//! Faults a test plants in the way of API calls.

use serde_json::Value;
use std::time::Duration;

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// It is refused with this status and code, and has no effect.
    Refuse { status: u16, code: i64, message: String },
    /// A gateway answers with a body that is not JSON; no effect.
    Gateway { status: u16, body: String },
    /// It takes effect, but the connection breaks before the answer.
    LoseAnswer,
    /// The connection breaks before it takes effect.
    Cut,
    /// It takes effect, and is answered this much later.
    Delay(Duration),
    /// It arrives this much later: others may overtake it.
    Late(Duration),
}

/// A trouble, and the calls it befalls.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    method: Option<String>,
    prefix: String,
    body: Option<String>,
    skip: u32,
    times: Option<u32>,
    trouble: Trouble,
}

impl Fault {
    /// Befalls every call of `method` (`"*"` for any) whose path starts with `prefix`.
    pub fn on(method: &str, prefix: &str, trouble: Trouble) -> Self {
        Self {
            method: Some(method.to_owned()).filter(|method| method != "*"),
            prefix: prefix.to_owned(),
            body: None,
            skip: 0,
            times: None,
            trouble,
        }
    }

    /// Refuses calls with a code, HTTP 400.
    pub fn refuse(method: &str, prefix: &str, code: i64) -> Self {
        let message = "planted by the test".to_owned();
        Self::on(method, prefix, Trouble::Refuse { status: 400, code, message })
    }

    /// Lets the first `calls` pass.
    #[must_use]
    pub fn after(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    /// Ends after so many calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Befalls only calls whose body holds this text.
    #[must_use]
    pub fn holding(mut self, text: &str) -> Self {
        self.body = Some(text.to_owned());
        self
    }

    fn befalls(&self, method: &str, path: &str, body: &Value) -> bool {
        self.times != Some(0)
            && self.method.as_deref().is_none_or(|wanted| wanted == method)
            && path.starts_with(&self.prefix)
            && self.body.as_ref().is_none_or(|text| body.to_string().contains(text))
    }
}

/// Returns the trouble of the first fault that befalls this call, and counts it.
pub(crate) fn strike(
    faults: &mut [Fault],
    method: &str,
    path: &str,
    body: &Value,
) -> Option<Trouble> {
    for fault in faults.iter_mut().filter(|fault| fault.befalls(method, path, body)) {
        if fault.skip > 0 {
            fault.skip -= 1;
            continue;
        }
        fault.times = fault.times.map(|times| times - 1);
        return Some(fault.trouble.clone());
    }
    None
}
