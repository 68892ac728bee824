//! Second opinions on SAML: what other people's code says of the messages that we send and of those that we judge.
//!
//! One rule: `shared::saml` may refuse what they accept; it never accepts what xmlsec1 calls invalid. Where the
//! verdicts differ, `infra/adr/0003` says why.
//!
//! Without the feature `native` there is nothing here, and no C library is linked.

#![cfg(feature = "native")]

pub mod differences;
pub mod openssl;
pub mod schema;
pub mod xmlsec1;

use std::process::{Command, Output};

use anyhow::Context;
use jiff::Timestamp;
use shared::saml::{DEFAULT_CLOCK_SKEW, Expectations, IdpMetadata};

/// Who signs in where, in the messages that are judged here.
pub const IDP: &str = "http://www.okta.com/exk1example";
pub const SSO: &str = "https://acme.okta.example.com/app/exk1example/sso/saml";
pub const ACS: &str = "https://acme.atomation.example.com/auth/saml/acs";
pub const SP: &str = "https://acme.atomation.example.com/saml/metadata";
pub const REQUEST: &str = "_request1";

/// What a workspace expects that waits for the answer to [`REQUEST`].
pub fn expectations(idp: &IdpMetadata, now: Timestamp) -> Expectations<'_> {
    Expectations {
        idp,
        sp_entity_id: SP,
        acs_url: ACS,
        request_ids: &[REQUEST],
        allow_idp_initiated: false,
        require_signed_assertion: false,
        allow_ecdsa: false,
        decryption_key: None,
        refuse_outdated_certificate: true,
        now,
        clock_skew: DEFAULT_CLOCK_SKEW,
    }
}

/// Runs a program to its end.
fn run(command: &mut Command) -> anyhow::Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.output().with_context(|| format!("{name} is not installed: tests/tools/install"))
}
