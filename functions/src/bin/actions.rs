//! The function that takes in what people press. It is one of its own so that a flood of messages
//! never takes the places of those who wait for an answer to their press.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    poco_functions::serve().await
}
