//! The function that takes in what people write.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    poco_functions::serve().await
}
