//! The life of a codex app-server: found alive, or started, or ended.

use super::folder::{Folder, Label};
use super::program::Program;
use crate::agent::process::Process;
use crate::rpc::Transport;
use crate::rpc::lines::Pipes;
use crate::rpc::websocket::WebSocket;
use anyhow::{Context, bail};
use poco_core::Lang;
use std::ffi::{OsStr, OsString};
use std::process::Stdio;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

/// The longest a server may take until it listens.
const START_MAX: Duration = Duration::from_secs(20);

/// The longest a server that is up may take to open a connection.
const JOIN_MAX: Duration = Duration::from_secs(10);

const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A server, and a new connection to it.
pub(super) struct Joined {
    pub(super) transport: Box<dyn Transport>,
    pub(super) server: Server,
    /// It was started for this connection.
    pub(super) newborn: bool,
    /// It was started in another way than it would be now.
    pub(super) outdated: bool,
}

pub(super) struct Server {
    pub(super) process: Process,
    /// Kept so that it is reaped; a server that was found has none.
    child: Option<Child>,
}

impl Server {
    /// Says how it ended, once it has.
    pub(super) async fn last_words(&mut self, folder: &Folder) -> String {
        let status = match &mut self.child {
            Some(child) => timeout(Duration::from_secs(1), child.wait()).await.ok(),
            None => None,
        };
        match status {
            Some(Ok(status)) if status.success() => "codex ended".to_owned(),
            Some(Ok(status)) => {
                let words = folder.last_words();
                let words = if words.is_empty() { words } else { format!(" ({words})") };
                format!("codex ended with {status}{words}")
            }
            Some(Err(_)) | None => "codex ended".to_owned(),
        }
    }
}

/// Joins the server that lives in this folder.
pub(super) async fn find(folder: &Folder, program: &Program) -> Option<anyhow::Result<Joined>> {
    let label = folder.label();
    let stream = match UnixStream::connect(folder.socket()).await {
        Ok(stream) => stream,
        Err(_) => {
            // It may be starting at this moment.
            let process = label.as_ref().map(|it| &it.process).filter(|it| it.is_alive())?;
            match listening(folder, process).await {
                Some(stream) => stream,
                None => return Some(Err(anyhow::anyhow!("codex does not listen"))),
            }
        }
    };
    let pid = stream.peer_cred().ok()?.pid()?;
    let process = Process::of(pid)?;
    let outdated = label.is_none_or(|it| it.signature != program.signature());
    Some(join(stream, Server { process, child: None }, false, outdated).await)
}

/// Starts a server that outlives us, and joins it.
pub(super) async fn start(folder: &Folder, program: &Program) -> anyhow::Result<Joined> {
    folder.clear();
    let mut url = OsString::from("unix://");
    url.push(folder.socket());
    let arguments = [OsStr::new("--listen"), url.as_os_str()];
    let mut command = program
        .app_server(&arguments, folder.path(), folder.log()?)
        .map_err(|why| anyhow::anyhow!(why.of(Lang::En).to_owned()))?;
    let child = command.spawn().context("start codex")?;
    let process = identify(&child)?;
    folder.set_label(&Label { process: process.clone(), signature: program.signature() })?;
    let mut server = Server { process, child: Some(child) };
    let Some(stream) = listening(folder, &server.process).await else {
        if server.process.is_alive() {
            server.process.end().await;
            bail!("codex did not listen within {} s of its start", START_MAX.as_secs());
        }
        bail!("{}", server.last_words(folder).await);
    };
    join(stream, server, true, false).await
}

/// Starts a server that ends with us.
pub(super) fn start_on_pipes(folder: &Folder, program: &Program) -> anyhow::Result<Joined> {
    let mut command = program
        .app_server(&[], folder.path(), folder.log()?)
        .map_err(|why| anyhow::anyhow!(why.of(Lang::En).to_owned()))?;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().context("start codex")?;
    let stdin = child.stdin.take().context("reach the input of codex")?;
    let stdout = child.stdout.take().context("reach the output of codex")?;
    let process = identify(&child)?;
    let server = Server { process, child: Some(child) };
    let transport = Box::new(Pipes { stdin, stdout });
    Ok(Joined { transport, server, newborn: true, outdated: false })
}

fn identify(child: &Child) -> anyhow::Result<Process> {
    child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Process::of)
        .context("codex ended as it was started")
}

/// Waits until somebody listens, for as long as the process lives and START_MAX allows.
async fn listening(folder: &Folder, process: &Process) -> Option<UnixStream> {
    let end = Instant::now() + START_MAX;
    while Instant::now() < end && process.is_alive() {
        if let Ok(stream) = UnixStream::connect(folder.socket()).await {
            return Some(stream);
        }
        sleep(LOOK_EVERY).await;
    }
    None
}

async fn join(
    stream: UnixStream,
    server: Server,
    newborn: bool,
    outdated: bool,
) -> anyhow::Result<Joined> {
    let socket = timeout(JOIN_MAX, WebSocket::connect(stream)).await;
    let transport = Box::new(socket.context("codex does not answer on its socket")??);
    Ok(Joined { transport, server, newborn, outdated })
}
