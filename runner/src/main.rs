//! The `poco` command.

fn main() -> std::process::ExitCode {
    poco_runner::cli::run()
}
