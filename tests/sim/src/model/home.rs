//! A home for codex that knows this model and nothing else.

use super::Model;
use std::path::Path;

impl Model {
    /// Makes a `CODEX_HOME` in this folder. It must not be under the temporary folder of the
    /// system, where codex does not put its helpers.
    pub fn codex_home(&self, folder: &Path) -> std::io::Result<()> {
        write_home(folder, &self.base_url())
    }
}

/// Makes a `CODEX_HOME` for a model server that others run.
pub fn write_home(folder: &Path, base_url: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let config = CONFIG.replace("BASE_URL", base_url);
    std::fs::write(folder.join("config.toml"), config)
}

/// `plugins` would look up hosts on the internet.
const CONFIG: &str = r#"model = "gpt-5.5"
model_provider = "fake"
approval_policy = "on-request"
sandbox_mode = "workspace-write"
check_for_update_on_startup = false
cli_auth_credentials_store = "file"

[model_providers.fake]
name = "fake"
base_url = "BASE_URL"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
stream_idle_timeout_ms = 300000

[analytics]
enabled = false

[feedback]
enabled = false

[history]
persistence = "none"

[tools.update_plan]
enabled = true

[tools.experimental_request_user_input]
enabled = true

[features]
plugins = false
default_mode_request_user_input = true
"#;
