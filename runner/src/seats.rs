//! Brings each job to the seat of its chat. Seats come when they are needed and go when they are not.

use crate::seat::{Order, Seat, Shared, Stay};
use anyhow::Context;
use poco_core::{ChatId, Kind, Phase, Text};
use poco_io::port::Delivery;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How long a queue that fails is left alone.
const QUEUE_REST: Duration = Duration::from_secs(1);

/// All seats that are taken.
#[derive(Clone)]
pub(crate) struct Seats {
    shared: Shared,
    taken: Arc<Mutex<BTreeMap<ChatId, mpsc::UnboundedSender<Order>>>>,
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl Seats {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared, taken: Arc::default(), tasks: Arc::default() }
    }

    /// Receives jobs and hands them out, until told to stop.
    pub(crate) async fn run(&self, mut stop: watch::Receiver<bool>) {
        loop {
            let received = tokio::select! {
                received = self.receive() => received,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            match received {
                Ok(deliveries) => {
                    for delivery in deliveries {
                        self.order(&delivery.job.chat.clone(), Order::Do(delivery));
                    }
                }
                Err(error) => {
                    tracing::error!("the queue could not be read: {error:#}");
                    tokio::time::sleep(QUEUE_REST).await;
                }
            }
        }
    }

    /// Receives jobs once the machine's name is ours.
    async fn receive(&self) -> anyhow::Result<Vec<Delivery>> {
        let mut ours = self.shared.ours.clone();
        // Nobody tells otherwise any more when this process ends.
        let _ = ours.wait_for(|ours| *ours).await;
        self.shared.queue.receive().await
    }

    /// Has every task that an earlier process was at taken over.
    pub(crate) async fn recover(&self) -> anyhow::Result<()> {
        for (chat, room) in self.shared.app.rooms().await.context("look for tasks at work")? {
            let at_work = room.desk.current.as_ref().is_some_and(|task| match task.phase {
                Phase::Claimed { .. } | Phase::Running | Phase::Stopping => {
                    task.settings.runner == self.shared.runner
                }
                // Nobody else knows when there is a place for it.
                Phase::Starting => task.held && task.settings.runner == self.shared.runner,
                Phase::Waiting | Phase::Confirming => false,
            });
            if at_work && !matches!(room.kind, Kind::House(_)) {
                self.order(&chat, Order::Recover);
            }
        }
        Ok(())
    }

    /// Brings all that runs to a safe point and waits for it.
    pub(crate) async fn close(&self, reason: &Text) {
        self.shared.closing.store(true, Ordering::Relaxed);
        let taken = std::mem::take(&mut *self.taken());
        for orders in taken.values() {
            // A seat that left a moment ago has nothing to close.
            let _ = orders.send(Order::Close { reason: reason.clone() });
        }
        drop(taken);
        let mut tasks = std::mem::take(&mut *self.tasks());
        while tasks.join_next().await.is_some() {}
    }

    /// Leaves all seats as they are: what runs goes on without us, or is told at the next start.
    pub(crate) fn leave(&self) {
        self.taken().clear();
        self.tasks().abort_all();
    }

    fn order(&self, chat: &ChatId, order: Order) {
        let mut taken = self.taken();
        let order = match taken.get(chat) {
            Some(orders) => match orders.send(order) {
                Ok(()) => return,
                Err(mpsc::error::SendError(order)) => order,
            },
            None => order,
        };
        let (orders, inbox) = mpsc::unbounded_channel();
        if orders.send(order).is_ok() {
            taken.insert(chat.clone(), orders);
            let mut tasks = self.tasks();
            while tasks.try_join_next().is_some() {}
            tasks.spawn(self.clone().sit(chat.clone(), inbox));
        }
    }

    async fn sit(self, chat: ChatId, mut inbox: mpsc::UnboundedReceiver<Order>) {
        loop {
            let seat = Seat::new(self.shared.clone(), chat.clone());
            if seat.serve(&mut inbox).await == Stay::Closed {
                return;
            }
            // Orders come in under this lock, so none is lost between the look and the leave.
            let mut taken = self.taken();
            if inbox.is_empty() {
                taken.remove(&chat);
                return;
            }
        }
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<ChatId, mpsc::UnboundedSender<Order>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
