#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::http::start::run(|aws, door| Ok(console::router(console::Console::new(aws, door)?))).await
}
