use console::{Console, router};
use shared::http::{Outbound, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    start::run(|aws, door| Ok(router(Console::new(aws, door, Outbound::public()?)?))).await
}
