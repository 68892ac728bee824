//! What an unverified response seems to say, so that its request and its person can be read in the same trip
//! as the keys that verify it.
//!
//! One rule: this decides nothing. It is no XML parser, and it may be wrong: the verifier then refuses the
//! request, or the person is read again under the verified name.

use shared::{saml::strict_base64, store::sso::Guess};

/// Looks for the first `InResponseTo` and the first `NameID` in the text.
pub(crate) fn of(saml_response: &str) -> Guess {
    let Some(xml) = text(saml_response) else { return Guess::default() };
    Guess {
        request_id: request_id(&xml),
        user_name: user_name(&xml),
        session: None,
        encrypted: xml.contains("EncryptedAssertion"),
    }
}

/// The form value's text, if it is any.
pub(crate) fn text(saml_response: &str) -> Option<String> {
    strict_base64(saml_response).and_then(|bytes| String::from_utf8(bytes).ok())
}

fn request_id(xml: &str) -> Option<String> {
    let (_, rest) = xml.split_once("InResponseTo=")?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (id, _) = rest.get(1..)?.split_once(quote)?;
    // Ours are 41 characters; a key is made of it.
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (id.len() <= 64 && id.bytes().all(plain)).then(|| id.to_owned())
}

fn user_name(xml: &str) -> Option<String> {
    let (_, rest) = xml.split_once("NameID")?;
    let (tag, rest) = rest.split_once('>')?;
    let (name, _) = rest.split_once('<')?;
    let whole = !tag.ends_with('/') && !name.contains('&') && (1..=256).contains(&name.len());
    whole.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    fn guess(xml: &str) -> Guess {
        of(&STANDARD.encode(xml))
    }

    #[test]
    fn finds_what_okta_sends() {
        let found = guess(
            r#"<saml2p:Response InResponseTo="_0a1b" ID="id1"><saml2:Assertion><saml2:Subject>
            <saml2:NameID Format="urn:x">ada@example.com</saml2:NameID></saml2:Subject></saml2:Assertion></saml2p:Response>"#,
        );
        assert_eq!(found.request_id.as_deref(), Some("_0a1b"));
        assert_eq!(found.user_name.as_deref(), Some("ada@example.com"));
        assert!(!found.encrypted && guess("<saml2:EncryptedAssertion>").encrypted);
    }

    #[test]
    fn finds_nothing_where_it_is_not_plain() {
        for xml in
            ["", "<a InResponseTo=x", "<NameID/>", "<NameID>a&amp;b</NameID>", "<a InResponseTo='a b'/>"]
        {
            assert_eq!(guess(xml), Guess::default(), "{xml}");
        }
        assert_eq!(of("not base64!"), Guess::default());
    }
}
