#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::http::start::run(|aws, door| {
        let evidence = aws.evidence()?;
        Ok(evidence_router::router(evidence_router::Deliveries { door, evidence }))
    })
    .await
}
