use saml_login::SamlLogin;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::http::start::run(|aws, door| Ok(saml_login::router(SamlLogin::new(door, aws.secrets()?)))).await
}
