//! Where a client asks for the address of its next connection.

use super::{ClientConfig, Cut, Framing, LINKS_MAX, Order};
use crate::feishu::Feishu;
use crate::feishu::call::Call;
use crate::feishu::refusal::{Answer, Refusal, success};
use crate::feishu::state::State;
use serde_json::json;

/// `POST /callback/ws/endpoint`: an address for one connection.
pub(crate) fn endpoint(state: &mut State, call: &Call) -> Answer {
    if let Some(code) = state.links.refusals.pop_front() {
        return Err(Refusal::quiet(code, "refused by the test"));
    }
    let (id, secret) = (call.body["AppID"].as_str(), call.body["AppSecret"].as_str());
    let (Some(id), Some(secret)) = (id, secret) else {
        return Err(Refusal::quiet(1_000_040_344, "no credential"));
    };
    if id != state.options.app_id || secret != state.options.app_secret {
        return Err(Refusal::quiet(514, "auth failed"));
    }
    if state.links.live.len() >= LINKS_MAX {
        return Err(Refusal::quiet(1_000_040_350, "too many connections"));
    }
    let (ticket, key, device) = (state.id(""), state.id(""), state.count());
    let service = 33_554_000 + i32::try_from(device % 1000).unwrap_or_default();
    state.links.tickets.insert(ticket.clone(), service);
    let url = format!(
        "{}?fpid=493&aid=552564&device_id=74{device:017}&access_key={key}&service_id={service}&ticket={ticket}",
        state.links.url
    );
    Ok(success(&json!({"URL": url, "ClientConfig": state.links.config})))
}

impl Feishu {
    /// Refuses the next `times` requests for an address of the long connection.
    pub fn refuse_endpoint(&self, code: i64, times: usize) {
        self.change(|state| state.links.refusals.extend(std::iter::repeat_n(code, times)));
    }

    /// Refuses the next `times` handshakes of the long connection.
    pub fn refuse_handshake(&self, status: u16, auth_code: i64, times: usize) {
        let refusals = std::iter::repeat_n((status, auth_code), times);
        self.change(|state| state.links.handshakes.extend(refusals));
    }

    /// Sets what clients are told when they ask for an address.
    pub fn client_config(&self, config: ClientConfig) {
        self.change(|state| state.links.config = config);
    }

    /// Sets what clients are told with every pong.
    pub fn pong_config(&self, config: Option<ClientConfig>) {
        self.change(|state| state.links.pong_config = config);
    }

    /// Sets how messages are cut into frames.
    pub fn framing(&self, framing: Framing) {
        self.change(|state| state.links.framing = framing);
    }

    /// Sends bytes of any kind to all connections, as one frame.
    pub fn send_bytes(&self, bytes: &[u8]) {
        self.look(|state| {
            for link in &state.links.live {
                let _ = link.orders.send(Order::Send(bytes.to_vec()));
            }
        });
    }

    /// Ends all connections.
    pub fn cut(&self, cut: Cut) {
        self.change(|state| {
            for link in &state.links.live {
                let _ = link.orders.send(Order::Cut(cut));
            }
            if cut != Cut::Silence {
                state.links.live.clear();
            }
        });
    }

    /// Tells how many connections are open.
    pub fn connections(&self) -> usize {
        self.look(|state| state.links.live.len())
    }

    /// Tells how many connections there have ever been.
    pub fn connections_made(&self) -> u64 {
        self.look(|state| state.links.made)
    }

    /// Tells how many pings have come.
    pub fn pings(&self) -> u64 {
        self.look(|state| state.links.pings)
    }
}
