use console::{Console, router};
use shared::http::{outbound::Outbound, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    start::run(|aws, door| Ok(router(Console::new(aws, door, Outbound::public()?, Vec::new())?))).await
}
