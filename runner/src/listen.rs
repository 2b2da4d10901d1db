//! temp
use crate::settle::Settler;
use crate::traffic::Traffic;
use poco_io::app::App;
use poco_io::config::Config;
use poco_io::feishu::Feishu;
use std::sync::Arc;
use tokio::sync::watch;
pub(crate) struct Entrance {
    pub(crate) app: App,
    pub(crate) settler: Settler,
    pub(crate) traffic: Traffic,
    pub(crate) config: Arc<Config>,
    pub(crate) feishu: Option<Arc<Feishu>>,
}
impl Entrance {
    pub(crate) fn webhooks(&self) -> axum::Router {
        axum::Router::new()
    }
    pub(crate) async fn listen(self, mut stopped: watch::Receiver<bool>) {
        let _ = stopped.wait_for(|s| *s).await;
    }
}
