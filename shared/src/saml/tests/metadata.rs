//! Metadata: theirs, good and bad, and ours.

use base64::{Engine, engine::general_purpose::STANDARD};
use okta_twin::saml::metadata_xml;

use super::harness::*;
use crate::saml::{
    IdpMetadata, SigningCertificate,
    metadata::{SpMetadata, Terms, sp_metadata},
};

fn code(xml: &str) -> &'static str {
    IdpMetadata::parse(xml.as_bytes()).map_or_else(|error| error.code(), |_| "accepted")
}

fn genuine() -> String {
    KEY.metadata_xml(IDP, SSO)
}

#[test]
fn a_connection_is_what_the_metadata_says() {
    let idp = IdpMetadata::parse(genuine().as_bytes()).unwrap();
    assert_eq!(idp.entity_id, IDP);
    assert_eq!(idp.sso_redirect, SSO);
    assert!(!idp.want_authn_requests_signed);
    let certificate = &idp.certificates[0];
    assert_eq!(certificate.der, KEY.certificate());
    assert!(certificate.subject.contains("CN=acme"), "{}", certificate.subject);
    assert_eq!(certificate.sha256_fingerprint.len(), 64);
    assert!(certificate.not_before < now() && now() < certificate.not_after);
    let with_mark = format!("\u{feff}{}", genuine().replace("\"false\"", "\"true\""));
    assert!(IdpMetadata::parse(with_mark.as_bytes()).unwrap().want_authn_requests_signed);
}

#[test]
fn what_is_stored_is_checked_again_when_read() {
    let idp = IdpMetadata::parse(genuine().as_bytes()).unwrap();
    let stored = serde_json::to_string(&idp).unwrap();
    assert_eq!(serde_json::from_str::<IdpMetadata>(&stored).unwrap(), idp);
    let weak = stored.replace(&STANDARD.encode(KEY.certificate()), &EC_P521.replace(char::is_whitespace, ""));
    assert!(serde_json::from_str::<IdpMetadata>(&weak).is_err());
    let forged = stored.replace(&idp.certificates[0].sha256_fingerprint, &"0".repeat(64));
    assert_eq!(serde_json::from_str::<IdpMetadata>(&forged).unwrap(), idp, "only the DER counts");
}

#[test]
fn b10_metadata_that_says_too_little_or_too_much() {
    let xml = genuine();
    let entity = source(&xml, "EntityDescriptor").to_owned();
    let role = source(&xml, "IDPSSODescriptor").to_owned();
    let wrapped = |content: &str| {
        format!(
            "<m:EntitiesDescriptor xmlns:m=\"urn:oasis:names:tc:SAML:2.0:metadata\">{content}</m:EntitiesDescriptor>"
        )
    };
    let nested = wrapped(&format!("{}{entity}", wrapped(&entity)));
    for (xml, want) in [
        (wrapped(&entity), "accepted"),
        (wrapped(&entity.repeat(2)), "metadata.entity"),
        (wrapped(""), "metadata.entity"),
        (nested, "metadata.entity"),
        (xml.replace(&role, ""), "metadata.entity"),
        (xml.replace(&role, &role.repeat(2)), "metadata.entity"),
        (xml.replace("SAML:2.0:protocol", "SAML:1.1:protocol"), "metadata.entity"),
        (xml.replace(&format!("entityID=\"{IDP}\""), ""), "metadata.entity_id"),
        (xml.replace(IDP, ""), "metadata.entity_id"),
        (xml.replace(IDP, " x"), "metadata.entity_id"),
        (xml.replace("bindings:HTTP", "bindings:SOAP"), "metadata.endpoint"),
        (xml.replace("bindings:HTTP-Redirect", "bindings:SOAP"), "metadata.endpoint"),
        (xml.replace("use=\"signing\"", "use=\"encryption\""), "metadata.certificate"),
        (xml.replace("use=\"signing\"", ""), "accepted"),
        (xml.replace(source(&xml, "X509Certificate"), ""), "metadata.certificate"),
        (xml.replace("<ds:X509Certificate>", "<ds:X509Certificate>AAAA"), "metadata.certificate"),
        (xml.replace("</ds:X509Certificate>", "!</ds:X509Certificate>"), "metadata.certificate"),
        (
            xml.replace("<md:EntityDescriptor ", "<md:EntityDescriptor validUntil=\"soon\" "),
            "metadata.valid_until",
        ),
        (
            xml.replace("<md:EntityDescriptor ", "<md:EntityDescriptor validUntil=\"2030-01-01T00:00:00Z\" "),
            "accepted",
        ),
        (xml.replace("<md:EntityDescriptor ", "<!DOCTYPE x><md:EntityDescriptor "), "xml.doctype"),
        (xml.replace("</md:EntityDescriptor>", ""), "xml.malformed"),
        ("<html/>".to_owned(), "metadata.entity"),
        (String::new(), "saml.not_xml"),
        (format!("{xml}<!--{}-->", "x".repeat(512 * 1024)), "saml.too_large"),
    ] {
        assert_eq!(code(&xml), want, "{xml}");
    }
}

#[test]
fn b01_nobody_is_sent_to_a_place_without_tls() {
    for (url, want) in [
        ("https://idp.example.com/sso?a=b", "accepted"),
        ("http://localhost:3000/sso", "accepted"),
        ("http://127.0.0.1:3000/sso", "accepted"),
        ("http://[::1]/sso", "accepted"),
        ("http://idp.example.com/sso", "metadata.endpoint"),
        ("http://localhost.example.com/sso", "metadata.endpoint"),
        ("http://127.0.0.1.example.com/sso", "metadata.endpoint"),
        ("https://user:secret@idp.example.com/sso", "metadata.endpoint"),
        ("https://idp.example.com/sso#fragment", "metadata.endpoint"),
        ("javascript:alert(1)", "metadata.endpoint"),
        ("file:///etc/passwd", "metadata.endpoint"),
        ("/sso", "metadata.endpoint"),
        ("", "metadata.endpoint"),
    ] {
        assert_eq!(code(&KEY.metadata_xml(IDP, url)), want, "{url}");
    }
}

#[test]
fn what_has_ended_or_lets_nobody_in_is_not_pinned() {
    let terms = Terms { now: now(), allow_ecdsa: false, plain_http: false };
    let code =
        |idp: &IdpMetadata, terms| idp.pinnable(terms).map_or_else(|error| error.code(), |()| "pinned");
    let idp = IdpMetadata::parse(genuine().as_bytes()).unwrap();
    assert_eq!(code(&idp, terms), "pinned");
    let until = |at| IdpMetadata { valid_until: Some(at), ..idp.clone() };
    assert_eq!(code(&until(now()), terms), "metadata.valid_until");
    assert_eq!(code(&until(now() + jiff::SignedDuration::from_secs(1)), terms), "pinned");
    let plain = IdpMetadata::parse(KEY.metadata_xml(IDP, "http://localhost:3000/sso").as_bytes()).unwrap();
    assert_eq!(code(&plain, terms), "metadata.endpoint");
    assert_eq!(code(&plain, Terms { plain_http: true, ..terms }), "pinned");
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let ecdsa = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    let only = IdpMetadata::parse(metadata_xml(IDP, SSO, &[ecdsa.der()]).as_bytes()).unwrap();
    assert_eq!(code(&only, terms), "metadata.key_kind");
    assert_eq!(code(&only, Terms { allow_ecdsa: true, ..terms }), "pinned");
    let both = metadata_xml(IDP, SSO, &[ecdsa.der(), KEY.certificate()]);
    assert_eq!(code(&IdpMetadata::parse(both.as_bytes()).unwrap(), terms), "pinned");
}

/// `CN=weak`, made for this test; the keys were thrown away.
const EC_SECP256K1: &str = "\
    MIIBcDCCARagAwIBAgIUKxgf5TEF05J/6BEgeJNWXU/yXckwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEd2VhazAeFw0yNjExMjIw\
    MTU0MTJaFw0zNjExMTkwMTU0MTJaMA8xDTALBgNVBAMMBHdlYWswVjAQBgcqhkjOPQIBBgUrgQQACgNCAARs2ilMUc06LCGwhOdY\
    Cp7KrExfeu/oq3wA3E/ohu7O5SDAhFbuqGoZCtIABaIENbtz2XaGDTddrgaOT2zRnOh5o1MwUTAdBgNVHQ4EFgQU+5Jp3kskRO0L\
    te2St8UlVtpmVcwwHwYDVR0jBBgwFoAU+5Jp3kskRO0Lte2St8UlVtpmVcwwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNI\
    ADBFAiEAnKdUDO/WpyVwGFWnd99Ar7Llj3Msu42BgeZhoW2oc/cCICjWGTfH9G+nHK5zRXcsur3glkq4wynRY0TQRPJdSl9/";
const EC_P521: &str = "\
    MIIB+jCCAVygAwIBAgIULBehTKAzFjBxsSl1wC6ew8GTALgwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEd2VhazAeFw0yNjExMjIw\
    MTU0MTJaFw0zNjExMTkwMTU0MTJaMA8xDTALBgNVBAMMBHdlYWswgZswEAYHKoZIzj0CAQYFK4EEACMDgYYABAH2XlBPHmCDtJM/\
    IHRQJcGGfNOnhSDyeBvKMtbLZFX1eh4vrnvx05u/gWYFa2Ut5TSMdEBZ2+33qQuFfcyshCprAAAv2qYKtQcfTy2FSnIfzqF/GtCs\
    +dYNl3ZmbtkkP47VqNKUSeUkVWCdgAIjO102tIWDGRTamXPhMYgeIYgeadydtqNTMFEwHQYDVR0OBBYEFCgjgXxhgjvTaB60CWEX\
    EBCoA4oiMB8GA1UdIwQYMBaAFCgjgXxhgjvTaB60CWEXEBCoA4oiMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDgYsAMIGH\
    AkF3bjqAYUkk51poFcsVX0WFaOhQr83+848QlQ1NwnsA9BaGqNNni5YpfNZb4h2j2EzZYRm2vWK7wQsd7rVYTPKXTwJCAOFjCT4G\
    blbFYZTWWHAlD6VKufxwnWjUZdZSQt8jk7brk206owgUZ+uYBqr+e/f8Eo7mFdOpMrDe01UvETg0A1oZ";
const RSA_1024: &str = "\
    MIIB+jCCAWOgAwIBAgIUfff0QUjh1ZQmHCiggWMI0+xfsqIwDQYJKoZIhvcNAQELBQAwDzENMAsGA1UEAwwEd2VhazAeFw0yNjEx\
    MjEyMjUyMTlaFw0zNjExMTgyMjUyMTlaMA8xDTALBgNVBAMMBHdlYWswgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAKjw8aAq\
    QAF7GFb1aRsQJR6IERVxxnzHv6RTnBNTHk23AIGPcIwDk6HR6/LFVTaOrDdrqHDpcdx8hIK+hcI9PrxGylr+jwDAcSTMEQutmXe4\
    MgkQYgkGPaRcpgge8BGHfub8SRQ+0SEBn35ZOVneuduyOHVlq1NCvrJlvHUc+YOzAgMBAAGjUzBRMB0GA1UdDgQWBBRfz40Sw6pF\
    x7KEE91538eH3nq6wTAfBgNVHSMEGDAWgBRfz40Sw6pFx7KEE91538eH3nq6wTAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEB\
    CwUAA4GBAAsvaApBojm5ocx9C4gg0QKjb9Ojl3Y9qEfLEUmxDyJU0CjTWG5ojKp1OBo4XxzfkhCCErKa8BfuHOOK9zwAsy02YSeJ\
    C/OJXvUtP/MR/Sq48zg7XxxtF8Uqmax40k89QyjOKlAXR4WNcVh96GfD83lByd1wX4Oc0gLLdWUn3RH9";
const RSA_EXPONENT_3: &str = "\
    MIIC/TCCAeWgAwIBAgIUDdSVNcurPe/8GC6hY4xSl+MeQkEwDQYJKoZIhvcNAQELBQAwDzENMAsGA1UEAwwEd2VhazAeFw0yNjEx\
    MjEyMjUyMjBaFw0zNjExMTgyMjUyMjBaMA8xDTALBgNVBAMMBHdlYWswggEgMA0GCSqGSIb3DQEBAQUAA4IBDQAwggEIAoIBAQD0\
    wvEVP4C7Azgt9gpWT8rO1z1BvePaMnJb17XyP0OwTCuydstj3+C5NLtClp7UwptKgUAdiw9xJGhR2TaeT+9v1r8Os2ThfT4AaJE0\
    zMRj+X1ArLA7UIevq/L3LnnaO2q9vuaP9rA01Tnn82H0xC55XShviTrbBkslvWzdpv0wPXJIsnPD12awuA2a3N01lDZLFGUG2Zfq\
    0W+j4tzPWniOSVSvggBPPSD10dkPNX+ubc895W1M5xTBXGtRxaxG244hBR9Rh+DsLV2Vtvmrw4/yh+RtOCMAOHWrA5XzEINZNrNk\
    BJuMD1huYxgBPx5gsnr3Tq/gpUe+PZEg235zueaBAgEDo1MwUTAdBgNVHQ4EFgQUceXOCtycpQP2w6O6TPEYkt4zBDUwHwYDVR0j\
    BBgwFoAUceXOCtycpQP2w6O6TPEYkt4zBDUwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEAxjeCstKc+vvWmsNe\
    eL259YCRN8tyJxNb/HcwFHN1tFIjmp8drbntKMfXA+/Wpp6y7SoT5uLG08fecbgcNITpZrhuGsPrTuMmC5OPXA5TB7yAk2hgzdHE\
    qgVsKsWoFPCZnTcFYNewfnivTxETRNgIdOmYauGDXkkXLhSIwbELP2Y2B7qb3bBlWNB0tkhCecVAQkjdGvU8gFVbGl8eP4xKMUxh\
    0AD0f44DqqSNDzevVHBI9KGTUwHxrqRcEhi04NKCTjBrQN/waPEmOgk7q5NKatqq00v9iskOMfav7EL/8m/1LAXI7BdK7qoaOmEr\
    pHtDJZQ5EfLx75Dqsi0XgjNrQA==";

#[test]
fn a25_weak_keys_are_not_pinned() {
    for certificate in [EC_SECP256K1, EC_P521, RSA_1024, RSA_EXPONENT_3] {
        let der = STANDARD.decode(certificate).unwrap();
        assert_eq!(code(&metadata_xml(IDP, SSO, &[&der])), "saml.weak_key");
        assert_eq!(code(&metadata_xml(IDP, SSO, &[KEY.certificate(), &der])), "saml.weak_key");
        assert!(SigningCertificate::from_der(&der).is_err());
    }
}

#[test]
fn b12_a_refresh_that_keeps_no_key_is_noticed() {
    let old = pinned(&KEY);
    let swapped = pinned(&STRANGER);
    let both = metadata_xml(IDP, SSO, &[STRANGER.certificate(), KEY.certificate(), KEY.certificate()]);
    let both = IdpMetadata::parse(both.as_bytes()).unwrap();
    assert_eq!(both.certificates.len(), 2);
    assert!(swapped.replaces_all_keys_of(&old));
    assert!(!both.replaces_all_keys_of(&old));
    assert!(!old.replaces_all_keys_of(&old));
}

#[test]
fn our_metadata_names_the_guides_urls() {
    let sp =
        SpMetadata { entity_id: SP, acs_url: ACS, signing_certificates: &[], encryption_certificate: None };
    insta::assert_snapshot!(sp_metadata(&sp), @r#"<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://acme.atomation.example.com/saml/metadata"><md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat><md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://acme.atomation.example.com/auth/saml/acs" index="0" isDefault="true"></md:AssertionConsumerService></md:SPSSODescriptor></md:EntityDescriptor>"#);
    let signing = SpMetadata { signing_certificates: &[KEY.certificate()], ..sp };
    let xml = sp_metadata(&signing);
    assert!(xml.contains("AuthnRequestsSigned=\"true\""));
    assert_eq!(
        source(&xml, "X509Certificate"),
        format!("<ds:X509Certificate>{}</ds:X509Certificate>", STANDARD.encode(KEY.certificate()))
    );
    assert!(xml.contains("use=\"signing\"") && !xml.contains("use=\"encryption\""));
}
