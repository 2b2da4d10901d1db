//! The whole of PoCo in one process: state on disk, events in, agents at work, cards out.

use crate::agent::{self, Agents};
use crate::files::Enclosures;
use crate::folder::Roots;
use crate::home::Instance;
use crate::http::{self, Admin, Http, Screen};
use crate::listen::Entrance;
use crate::live::Live;
use crate::offers;
use crate::presence::Presence;
use crate::seat::Shared;
use crate::seats::Seats;
use crate::settle::Settler;
use crate::traffic::Traffic;
use anyhow::Context;
use poco_core::words::agent as words;
use poco_io::app::App;
use poco_io::chats::Chats;
use poco_io::clock;
use poco_io::config::{Backend, Config};
use poco_io::feishu::Feishu;
use poco_io::keyring::Keyring;
use poco_io::mask::Mask;
use poco_io::open::open;
use poco_io::port::{Chat, Files};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};

/// The most turns that run at once on this machine.
const TURNS_MAX: usize = 16;

/// How long running tasks may take to come to a safe point.
const CLOSE_WAIT: Duration = Duration::from_secs(15);

/// How long the last cards may take to be shown.
const SHOW_WAIT: Duration = Duration::from_secs(5);

/// What the command that starts a process hands over beside the settings.
#[derive(Debug)]
pub struct Options {
    /// Already bound, so that a taken port was told before anything began.
    pub listener: std::net::TcpListener,
    pub instance: Instance,
    pub keyring: Keyring,
    /// Keeps secrets out of chats and out of the log.
    pub mask: Mask,
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// All that runs is brought to a safe point, and agents are ended.
    ShutDown,
    /// Agents that can go on by themselves do; the next process joins them.
    Leave,
}

/// Serves until told to end: SIGTERM or SIGINT shut down, SIGHUP leaves running turns to the next.
pub async fn serve(config: Config, options: Options) -> anyhow::Result<()> {
    let (mut end, Options { listener, instance, keyring, mask }) = (Ends::listen()?, options);
    listener.set_nonblocking(true).context("prepare the listener")?;
    let listener = TcpListener::from_std(listener).context("prepare the listener")?;
    let (store, queue) = open(&config).await?;
    let in_cloud = config.state.backend == Backend::DynamoDb;
    let agents = agent::open(&config);
    if !agents.withheld.is_empty() {
        let names = agents.withheld.join(", ");
        tracing::info!("agents are not given {names}; POCO_AGENT_ENV names those they may have");
    }
    let feishu = match config.feishu.is_set() {
        true => {
            let feishu = Feishu::with_keyring(&config.feishu, keyring);
            Some(Arc::new(feishu.context("set up Feishu")?))
        }
        false => None,
    };
    let chats = Chats::new(feishu.clone().map(|feishu| feishu as Arc<dyn Chat>));
    let screen = Screen::new(Arc::new(chats));
    let chat = Arc::new(screen.clone());
    let app = App::new(store, queue.clone(), chat, config.terms(agents.names()), clock::now);
    let app = if in_cloud { app.with_runners() } else { app };
    let app = app.masking(mask.clone());
    let source = feishu.clone().map(|feishu| feishu as Arc<dyn Files>);
    let enclosures = Enclosures::new(&config.home, source);
    let settler = Settler::new(app.clone());
    let (live, traffic) = (Live::default(), Traffic::new(feishu.clone()));
    let (places, draining) = (Arc::new(Semaphore::new(TURNS_MAX)), Arc::default());
    let seats = Seats::new(Shared {
        app: app.clone(),
        settler: settler.clone(),
        queue,
        agents: agents.clone(),
        live: live.clone(),
        claim: instance.id.clone(),
        runner: config.runner.clone(),
        places: places.clone(),
        roots: Roots::new(config.workdir_roots.clone()),
        mask,
        enclosures: enclosures.clone(),
        draining: Arc::clone(&draining),
    });
    let presence = Presence {
        app: app.clone(),
        settler: settler.clone(),
        agents: agents.clone(),
        runner: config.runner.clone(),
        settings: config.terms(agents.names()).settings,
        places,
        turns_max: TURNS_MAX,
        since: clock::now(),
        draining,
    };
    // Events come in through functions; a machine of the cloud only says that it is there.
    let presence = in_cloud.then_some(presence);
    if let Some(presence) = &presence {
        presence.resume().await.context("see how this machine was left")?;
    }
    let admin = Arc::new(Admin { instance: instance.id, token: instance.admin_token });
    let config = Arc::new(config);
    let http = Http {
        app: app.clone(),
        settler: settler.clone(),
        agents: agents.clone(),
        live,
        config: config.clone(),
        traffic: traffic.clone(),
        screen,
        admin,
        presence: presence.clone(),
    };
    let (stop, stopped) = watch::channel(false);
    let entrance = Entrance::new(app.clone(), settler.clone(), traffic);
    let router = http::router(http).merge(entrance.webhooks(&config, clock::now));
    let served = tokio::spawn(http::serve(listener, router, stopped.clone()));
    settler.sweep_all().await;
    seats.recover().await?;
    let mut work = vec![
        tokio::spawn(run_seats(seats.clone(), stopped.clone())),
        tokio::spawn(sweep(settler.clone(), stopped.clone())),
        tokio::spawn(offers::keep(app.clone(), agents.clone(), presence.clone())),
        tokio::spawn(enclosures.tidy()),
    ];
    match presence {
        Some(presence) => work.push(tokio::spawn(async move { presence.keep().await })),
        None => work.push(tokio::spawn(entrance.listen(config, feishu, stopped))),
    }
    let end = end.next().await;
    // What is being received is finished; nothing new is taken.
    stop.send_replace(true);
    finish(end, &seats, &settler, &agents).await;
    for task in work.into_iter().chain([served]) {
        task.abort();
    }
    Ok(())
}

async fn finish(end: End, seats: &Seats, settler: &Settler, agents: &Agents) {
    match end {
        End::ShutDown => {
            let reason = words::shut_down();
            let closed = seats.close(&reason);
            if tokio::time::timeout(CLOSE_WAIT, closed).await.is_err() {
                tracing::warn!(
                    "a task did not come to a safe point in time; it is told at the next start"
                );
            }
        }
        End::Leave => seats.leave(),
    }
    if tokio::time::timeout(SHOW_WAIT, settler.idle()).await.is_err() {
        tracing::warn!("some cards could not be shown yet; they are at the next start");
    }
    match end {
        End::ShutDown => agents.shutdown().await,
        End::Leave => {}
    }
}

async fn run_seats(seats: Seats, stopped: watch::Receiver<bool>) {
    seats.run(stopped).await;
}

async fn sweep(settler: Settler, mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = settler.sweep() => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

/// The signals that end a process.
struct Ends {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Ends {
    fn listen() -> anyhow::Result<Self> {
        let on = |kind| signal(kind).context("listen for signals");
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hang_up: on(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> End {
        tokio::select! {
            _ = self.terminate.recv() => End::ShutDown,
            _ = self.interrupt.recv() => End::ShutDown,
            _ = self.hang_up.recv() => End::Leave,
        }
    }
}
