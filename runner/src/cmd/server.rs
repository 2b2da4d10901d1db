//! The server's own process: one per state, known to its owner's commands, and serving.

use super::announce::announce;
use super::client::Client;
use super::start::Place;
use super::{Refusal, elsewhere};
use crate::home::{Holder, Home, Instance, Lock, RotatingFile, Running, random_hex};
use crate::out::Out;
use crate::serve;
use anyhow::Context;
use poco_io::config::{Backend, Config, Given};
use poco_io::keyring::Keyring;
use poco_io::mask::{Mask, worth};
#[cfg(feature = "cloud")]
use poco_io::{aws, secrets};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
#[cfg(feature = "cloud")]
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::sleep;
use tracing_subscriber::EnvFilter;

/// How often a server that is starting, this one or another, is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How often another PoCo that is starting or stopping is looked at before it is refused.
const LOOKS_MAX: u32 = 50;

/// How often a port is tried that a server which has just ended may still hold.
const PORT_TRIES: u32 = 10;

/// Serves in this terminal.
pub(crate) async fn foreground(place: &Place, out: Out) -> anyhow::Result<u8> {
    let (config, keyring) = settings(place.given()).await?;
    for warning in &config.warnings {
        crate::out::complain(&format!("Note: {warning}"));
    }
    let (mask, keyring) = taught(&config, keyring);
    log_to_terminal(&config.log, out, &mask)?;
    let server = Server::prepare(&config, random_hex::<8>()).await?;
    let (home, instance) = (Home::new(&config.home), server.instance.clone());
    let mut serving = std::pin::pin!(server.serve(config, keyring, mask));
    tokio::select! {
        ended = &mut serving => ended?,
        told = tell_when_ready(out, &home, &instance) => {
            if let Err(error) = told {
                tracing::warn!("could not say that PoCo is ready: {error:#}");
            }
            serving.await?;
        }
    }
    Ok(0)
}

async fn tell_when_ready(out: Out, home: &Home, instance: &Instance) -> anyhow::Result<()> {
    let client = Client::new(instance)?;
    loop {
        if let Ok(health) = client.health().await {
            return announce(out, home, instance, health).await;
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Serves behind the terminal. Standard output leads to the command that waits: it gets the
/// reason if there is one not to start.
pub(crate) async fn detached(place: &Place, id: String) -> anyhow::Result<u8> {
    // It fails only for a process that leads a group already, as one started by hand may.
    let _ = rustix::process::setsid();
    let ended = serve_detached(place, id).await;
    if let Err(error) = ended {
        tracing::error!("could not go on: {error:#}");
        let _ = Out::new(true, true).value(&Refusal::of(&error));
        return Ok(1);
    }
    Ok(0)
}

/// Serves for the system that looks after services here. Why it did not start is told there; all
/// else goes to the log.
pub(crate) async fn as_service(place: &Place) -> anyhow::Result<u8> {
    let ended = serve_detached(place, random_hex::<8>()).await;
    if let Err(error) = &ended {
        tracing::error!("could not go on: {error:#}");
    }
    ended.map(|()| 0)
}

async fn serve_detached(place: &Place, id: String) -> anyhow::Result<()> {
    let (config, keyring) = settings(place.given()).await?;
    let server = Server::prepare(&config, id).await?;
    let (mask, keyring) = taught(&config, keyring);
    log_to_file(&Home::new(&config.home), &config.log, &mask)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    server.serve(config, keyring, mask).await
}

/// Judges the settings, with the secrets that are kept in the cloud filled in. Nothing of the cloud
/// is touched unless they name such a secret.
#[cfg(feature = "cloud")]
async fn settings(mut given: Given) -> anyhow::Result<(Config, Keyring)> {
    let Some(name) = secrets::named(&given) else { return local(&given) };
    let cloud = given.judge().map_err(Refusal::from)?.cloud;
    let vault =
        secrets::reveal(&mut given, &aws::connect(&cloud).await).await.map_err(|error| {
            let what = format!("the app's secrets can't be read: {error:#}");
            let next = format!(
                "poco cloud check; this machine's AWS credentials need the right to read {name}"
            );
            Refusal::new(what, next)
        })?;
    let (config, fixed) = local(&given)?;
    let keeper = vault.map(|vault| Keyring::kept_by(Arc::new(vault), config.feishu.keys()));
    Ok((config, keeper.unwrap_or(fixed)))
}

#[cfg(not(feature = "cloud"))]
#[expect(clippy::unused_async, reason = "only the cloud is far away")]
async fn settings(given: Given) -> anyhow::Result<(Config, Keyring)> {
    local(&given)
}

fn local(given: &Given) -> anyhow::Result<(Config, Keyring)> {
    let config = given.judge().map_err(Refusal::from)?;
    let keyring = Keyring::fixed(config.feishu.keys());
    Ok((config, keyring))
}

/// What a server holds for its life.
struct Server {
    home: Home,
    instance: Instance,
    listener: TcpListener,
    _locks: Vec<Lock>,
}

impl Server {
    /// Takes the state and the port, and leaves word of it.
    async fn prepare(config: &Config, id: String) -> anyhow::Result<Self> {
        let home = Home::new(&config.home);
        home.prepare()?;
        let locks = lock(&home, config).await?;
        let listener = bind(&config.http.host, config.http.port).await?;
        let address = listener.local_addr().context("read the port")?;
        let instance = Instance::here(id, &config.http.host, address);
        instance.write(&home)?;
        Ok(Self { home, instance, listener, _locks: locks })
    }

    async fn serve(self, config: Config, keyring: Keyring, mask: Mask) -> anyhow::Result<()> {
        let Self { home, instance, listener, _locks } = self;
        tracing::info!(pid = instance.pid, address = %instance.address, "PoCo starts");
        let options = serve::Options { listener, instance: instance.clone(), keyring, mask };
        let ended = serve::serve(config, options).await;
        instance.remove(&home);
        tracing::info!(pid = instance.pid, "PoCo ends");
        ended
    }
}

/// Looks who runs here. One that is just starting or stopping is given a moment to say where it
/// is, or to be gone.
async fn settled(home: &Home) -> anyhow::Result<Running> {
    for _ in 0..LOOKS_MAX {
        match home.running()? {
            Running::Starting { .. } => sleep(LOOK_EVERY).await,
            found @ (Running::Nobody | Running::Instance(_) | Running::Elsewhere) => {
                return Ok(found);
            }
        }
    }
    home.running()
}

/// Refuses a second server on the same files.
pub(crate) async fn refuse_a_second(home: &Home) -> anyhow::Result<()> {
    let what = match settled(home).await? {
        Running::Nobody => return Ok(()),
        Running::Elsewhere => return Err(elsewhere(home).into()),
        Running::Instance(Instance { pid, address, .. }) => {
            format!("PoCo already runs here (pid {pid}, http://{address})")
        }
        Running::Starting { pid } => {
            format!("another PoCo (pid {pid}) is starting or stopping on {}", home.path().display())
        }
    };
    Err(Refusal::new(what, "poco status, poco restart, or another POCO_HOME").into())
}

fn take(path: &Path) -> anyhow::Result<Result<Lock, Holder>> {
    Lock::take(path).with_context(|| format!("lock {}", path.display()))
}

async fn lock_home(home: &Home) -> anyhow::Result<Lock> {
    for _ in 0..LOOKS_MAX {
        if let Ok(lock) = take(&home.lock())? {
            return Ok(lock);
        }
        refuse_a_second(home).await?;
    }
    Err(Refusal::new("other PoCos come and go here all the time", "see who starts them").into())
}

/// Locks the home, and the database if it is elsewhere.
pub(super) async fn lock(home: &Home, config: &Config) -> anyhow::Result<Vec<Lock>> {
    let first = lock_home(home).await?;
    let database = &config.state.db_path;
    if config.state.backend != Backend::Sqlite || database.starts_with(home.path()) {
        return Ok(vec![first]);
    }
    if let Some(folder) = database.parent() {
        crate::home::private_folder(folder)?;
    }
    let mut path = database.clone().into_os_string();
    path.push(".lock");
    match take(path.as_ref())? {
        Ok(second) => Ok(vec![first, second]),
        Err(holder) => {
            let who = match holder {
                Holder::Process(pid) => format!("pid {pid}"),
                Holder::Nobody | Holder::Elsewhere => "not seen from here".to_owned(),
            };
            let what = format!("another PoCo ({who}) uses the database {}", database.display());
            Err(Refusal::new(what, "stop that one, or set another POCO_STATE_DB_PATH").into())
        }
    }
}

/// Binds the port, or says in one line why not.
async fn bind(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    let mut tries = 0;
    let error = loop {
        match TcpListener::bind((host, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse && tries < PORT_TRIES => tries += 1,
            Err(error) => break error,
        }
        sleep(LOOK_EVERY).await;
    };
    let (why, next) = if error.kind() == ErrorKind::AddrInUse {
        ("another program has it".to_owned(), "stop that program, or use --port")
    } else if error.kind() == ErrorKind::PermissionDenied {
        ("this user may not".to_owned(), "use a port above 1023 with --port")
    } else {
        (error.to_string(), "use another --host: an address of this machine")
    };
    Err(Refusal::new(format!("can't listen on {host}, port {port}: {why}"), next).into())
}

/// Has a mask know what this process knows, and the keyring tell it of what will be.
fn taught(config: &Config, keyring: Keyring) -> (Mask, Keyring) {
    let mask = Mask::default();
    mask.learn(worth::of_process(config, worth::environment()));
    let keyring = keyring.teaching(&mask);
    (mask, keyring)
}

fn log_to_terminal(filter: &str, out: Out, mask: &Mask) -> anyhow::Result<()> {
    let mask = mask.clone();
    tracing_subscriber::fmt()
        .with_env_filter(parse(filter)?)
        .with_ansi(out.colours(&std::io::stderr()))
        .with_writer(move || mask.lines(std::io::stderr()))
        .init();
    Ok(())
}

fn log_to_file(home: &Home, filter: &str, mask: &Mask) -> anyhow::Result<()> {
    let file = RotatingFile::open(&home.log()).context("open the log")?;
    let filter = parse(filter)?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(mask.lines(file)))
        .init();
    // Standard error stays with the file that was the log when PoCo started.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    Ok(())
}

fn parse(filter: &str) -> Result<EnvFilter, Refusal> {
    EnvFilter::try_new(filter).map_err(|error| {
        Refusal::new(
            format!("POCO_LOG or RUST_LOG is {filter:?}: {error}"),
            "use error, warn, info, debug or trace",
        )
    })
}
