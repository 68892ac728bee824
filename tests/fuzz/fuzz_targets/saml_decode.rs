//! The form field as it comes, and our own redirect: what is deflated comes back whole.
#![no_main]

use std::{io::Read, sync::LazyLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::DeflateDecoder;
use fuzz::{
    USER, expectations, idp,
    ops::random::SystemRandom,
    saml::{AuthnRequest, IdpMetadata, redirect_url, verify},
};
use libfuzzer_sys::fuzz_target;
use url::Url;

static IDP: LazyLock<IdpMetadata> = LazyLock::new(idp);

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(identity) = verify(text, &expectations(&IDP)).outcome {
        assert_eq!(identity.name_id, USER);
    }
    let now = expectations(&IDP).now;
    let request = AuthnRequest::new(&SystemRandom::default(), now, "https://idp.example.com/sso", text, text);
    // Only a RelayState that is too long has no URL.
    let Ok(url) = redirect_url(&request, Some(text), None) else { return assert!(text.len() > 80) };
    let url = Url::parse(&url).expect("a URL");
    let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    assert_eq!(value("RelayState").as_deref(), Some(text));
    let deflated = STANDARD.decode(value("SAMLRequest").expect("a request")).expect("base64");
    let mut xml = String::new();
    DeflateDecoder::new(&deflated[..]).read_to_string(&mut xml).expect("a deflated request");
    assert_eq!(xml, request.to_xml());
});
