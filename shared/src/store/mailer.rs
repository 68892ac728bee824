//! Outgoing mail through SES. Plain text, one recipient.

use aws_sdk_sesv2::{
    Client,
    error::BuildError,
    types::{Body, Content, Destination, EmailContent, Message},
};

use super::service_error::ServiceError;

/// The deployment's sender.
#[derive(Clone)]
pub struct Mailer {
    client: Client,
    from: String,
}

impl Mailer {
    pub(super) fn new(client: Client, from: &str) -> Self {
        Self { client, from: from.to_owned() }
    }

    /// Sends `text` to `to`.
    pub async fn send(&self, to: &str, subject: &str, text: &str) -> Result<(), ServiceError> {
        let built =
            |_: BuildError| ServiceError::Unavailable { service: "SES", code: "not a mail".to_owned() };
        let part = |data: &str| Content::builder().data(data).charset("UTF-8").build().map_err(built);
        let message = Message::builder()
            .subject(part(subject)?)
            .body(Body::builder().text(part(text)?).build())
            .build();
        let send = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await;
        send.map(drop).map_err(|error| ServiceError::of("SES", &error))
    }
}
