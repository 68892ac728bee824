#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::http::start::run(|_, door| Ok(saml_acs::router(door))).await
}
