use saml_acs::SamlAcs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::http::start::run(|aws, door| Ok(saml_acs::router(SamlAcs::new(door, aws.secrets()?)))).await
}
