//! A function that writes one document and nothing else: how soon one could answer that keeps
//! something.

use lambda_http::{Body, Error, Request, Response, run, service_fn};
use poco_io::aws;
use poco_io::port::{Document, Store};
use poco_io::store::Dynamo;
use poco_io::tls::Roots;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let aws = aws::connect_in_haste(Roots::BuiltIn);
    let store = &Dynamo::new(&aws, std::env::var("POCO_STATE_TABLE")?);
    let write = async |request: Request| {
        let key = format!("put/{}", request.headers()["x-event"].to_str()?);
        store.put(&key, &Document { version: 1, body: String::new(), due: false }).await?;
        Ok::<_, Error>(Response::new(Body::Empty))
    };
    run(service_fn(write)).await
}
