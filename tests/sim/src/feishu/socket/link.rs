//! One long connection, from its handshake to its end.

use super::frame::Frame;
use super::{Cut, Link, Order};
use crate::feishu::Feishu;
use crate::feishu::state::State;
use futures_util::{SinkExt, StreamExt};
use prost::Message as _;
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};

/// Takes connections for as long as the simulator runs.
pub(crate) async fn accept(feishu: Feishu, listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(feishu.clone(), stream));
    }
}

#[expect(clippy::result_large_err, reason = "the handshake's own type")]
async fn serve(feishu: Feishu, stream: TcpStream) {
    let mut service = 0;
    let shake = |request: &Request, response: Response| {
        let query = request.uri().query().unwrap_or_default();
        service = feishu.change(|state| admit(state, request.uri().path(), query))?;
        Ok(response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, shake).await else { return };
    let (orders, mut inbox) = mpsc::unbounded_channel();
    let number = feishu.change(|state| {
        let number = state.count();
        let link = Link { number, service, orders, waiting: BTreeMap::new() };
        state.links.live.push(link);
        state.links.made += 1;
        number
    });
    converse(&feishu, number, &mut socket, &mut inbox).await;
    feishu.change(|state| state.links.live.retain(|link| link.number != number));
}

/// Checks a handshake; returns the service id of its ticket.
#[expect(clippy::result_large_err, reason = "the handshake's own type")]
fn admit(state: &mut State, path: &str, query: &str) -> Result<i32, ErrorResponse> {
    if let Some((status, code)) = state.links.handshakes.pop_front() {
        return Err(refuse(status, code, "refused by the test"));
    }
    let field = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.clone().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    };
    let ticket = field("ticket").unwrap_or_default();
    let service = state.links.tickets.remove(&ticket);
    let (Some(service), "/ws/v2") = (service, path) else {
        if state.links.used.contains(&ticket) {
            state.complain("a ticket of the long connection was used twice");
        }
        return Err(refuse(401, 1_000_040_343, "invalid ticket"));
    };
    state.links.used.insert(ticket);
    if field("service_id") != Some(service.to_string()) || field("device_id").is_none() {
        return Err(refuse(401, 1_000_040_343, "service_id and device_id must be kept"));
    }
    Ok(service)
}

fn refuse(status: u16, code: i64, why: &'static str) -> ErrorResponse {
    let mut response = ErrorResponse::new(Some(why.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED);
    let headers = response.headers_mut();
    headers.insert("Handshake-Status", HeaderValue::from(if status == 403 { 403 } else { 514 }));
    headers.insert("Handshake-Msg", HeaderValue::from_static(why));
    headers.insert("Handshake-Autherrcode", HeaderValue::from(code));
    response
}

type Socket = WebSocketStream<TcpStream>;

async fn converse(
    feishu: &Feishu,
    number: u64,
    socket: &mut Socket,
    inbox: &mut mpsc::UnboundedReceiver<Order>,
) {
    loop {
        tokio::select! {
            order = inbox.recv() => match order {
                Some(Order::Send(bytes)) => {
                    if socket.send(Message::Binary(bytes.into())).await.is_err() {
                        return;
                    }
                }
                Some(Order::Cut(cut)) => return end(socket, inbox, cut).await,
                None => return,
            },
            message = socket.next() => {
                let Some(Ok(message)) = message else { return };
                if message.is_close() {
                    return;
                }
                if let Some(answer) = feishu.change(|state| take(state, number, &message)) {
                    let bytes = answer.encode_to_vec();
                    if socket.send(Message::Binary(bytes.into())).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

async fn end(socket: &mut Socket, inbox: &mut mpsc::UnboundedReceiver<Order>, cut: Cut) {
    match cut {
        Cut::Close => {
            let _ = socket.close(None).await;
        }
        Cut::Reset => {
            let _ = socket.get_ref().set_zero_linger();
        }
        Cut::MidFrame => {
            // The head of a binary frame of 1024 bytes, of which a few follow.
            let _ = socket.get_mut().write_all(&[0x82, 126, 4, 0, 8, 0, 16, 0]).await;
            let _ = socket.get_mut().shutdown().await;
        }
        Cut::Silence => silence(socket, inbox).await,
    }
}

/// Reads and says nothing until the client gives up or the connection is cut for good.
async fn silence(socket: &mut Socket, inbox: &mut mpsc::UnboundedReceiver<Order>) {
    let mut lost = [0; 1024];
    loop {
        tokio::select! {
            read = socket.get_mut().read(&mut lost) => if !matches!(read, Ok(1..)) { return },
            order = inbox.recv() => match order {
                Some(Order::Send(_) | Order::Cut(Cut::Silence)) => {}
                Some(Order::Cut(Cut::Close | Cut::Reset | Cut::MidFrame)) | None => return,
            },
        }
    }
}

/// Takes in what a client sent; returns what to answer.
fn take(state: &mut State, number: u64, message: &Message) -> Option<Frame> {
    if message.is_ping() || message.is_pong() {
        return None;
    }
    if !message.is_binary() {
        state.complain("a message on the long connection is not binary");
        return None;
    }
    let frame = match Frame::read(&message.clone().into_data()) {
        Ok(frame) => frame,
        Err(error) => {
            state.complain(format!("a frame cannot be read: {error}"));
            return None;
        }
    };
    let service = state.links.live.iter().find(|link| link.number == number)?.service;
    if frame.service != service {
        state.complain("a frame has another service than its connection");
    }
    match (frame.method, frame.header("type")) {
        (0, "ping") => Some(pong(state, &frame)),
        (1, "event" | "card") => {
            super::send::acknowledge(state, number, &frame);
            None
        }
        (method, kind) => {
            state.complain(format!("a frame of method {method} and type {kind} makes no sense"));
            None
        }
    }
}

fn pong(state: &mut State, ping: &Frame) -> Frame {
    state.links.pings += 1;
    let config = state.links.pong_config.map(|config| serde_json::to_vec(&config));
    let payload = config.and_then(Result::ok);
    Frame { service: ping.service, payload, ..Frame::default() }.with("type", "pong")
}
