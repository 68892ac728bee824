//! Names and attributes of our cookies, and how they are read back.
//!
//! One rule: the scheme of the configured public origin decides, and there is no other switch. Over https the
//! names have the `__Host-` prefix (host-only, `Path=/`, `Secure`: RFC 6265bis section 4.1.3.2), so no sibling
//! workspace can plant one. Over http only loopback is accepted; browsers take `Secure` there but refuse the
//! prefix, and cookies ignore ports, so the name carries the workspace instead.

use url::{Host, Url};

use super::{Digest, session::SessionSecret};

/// How long a SAML request may wait for its response, in seconds.
pub const SAML_REQUEST_MAX_AGE: u32 = 600;

/// The cookies of one workspace under one public origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookies {
    session: String,
    saml_request: String,
    trace: String,
}

/// Why an origin cannot carry our cookies.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OriginError {
    #[error("want an https origin, or http on loopback; got {got}")]
    NotSecure { got: String },
    #[error("want a workspace name of letters, digits and hyphens, got {got:?}")]
    WorkspaceName { got: String },
}

impl Cookies {
    /// The cookies of `workspace` (its subdomain) under the public origin.
    pub fn of(origin: &Url, workspace: &str) -> Result<Self, OriginError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if workspace.is_empty() || !workspace.bytes().all(plain) {
            return Err(OriginError::WorkspaceName { got: workspace.to_owned() });
        }
        match origin.scheme() {
            "https" => {
                let name = |kind: &str| format!("__Host-atm_{kind}");
                Ok(Self { session: name("session"), saml_request: name("saml"), trace: name("trace") })
            }
            "http" if is_loopback(origin) => {
                let name = |kind: &str| format!("atm_{kind}_{workspace}");
                Ok(Self { session: name("session"), saml_request: name("saml"), trace: name("trace") })
            }
            _ => Err(OriginError::NotSecure { got: origin.origin().ascii_serialization() }),
        }
    }

    /// The session cookie's name.
    pub fn session_name(&self) -> &str {
        &self.session
    }

    /// `Set-Cookie` for a new session. It has no age of its own: the record says when it ends.
    pub fn set_session(&self, secret: &SessionSecret) -> String {
        format!("{}={}; Path=/; Secure; HttpOnly; SameSite=Lax", self.session, secret.expose())
    }

    /// `Set-Cookie` that takes the session cookie away.
    pub fn clear_session(&self) -> String {
        format!("{}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0", self.session)
    }

    /// `Set-Cookie` that binds a SAML request to this browser. `value` is base64url.
    ///
    /// `SameSite=None`, since Okta posts the response to the ACS across sites.
    pub fn set_saml_request(&self, value: &str) -> String {
        let name = &self.saml_request;
        format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=None; Max-Age={SAML_REQUEST_MAX_AGE}")
    }

    /// `Set-Cookie` that lets the ACS see which session this browser has.
    ///
    /// `SameSite=None`: a response that starts at Okta is a POST across sites, without the `Lax` session
    /// cookie, and may not replace another person's session unasked. A session's hash opens nothing.
    pub fn set_trace(&self, session: &Digest) -> String {
        format!("{}={session}; Path=/; Secure; HttpOnly; SameSite=None", self.trace)
    }

    /// `Set-Cookie` that takes the trace away.
    pub fn clear_trace(&self) -> String {
        format!("{}=; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=0", self.trace)
    }

    /// The hash of the session that this browser has, as far as it says. None when absent or there twice.
    pub fn trace<'a>(&self, headers: impl IntoIterator<Item = &'a str>) -> Option<Digest> {
        find(headers, &self.trace).and_then(Digest::from_hex)
    }

    /// The session secret of a request's `Cookie` headers. None when absent, malformed or there twice.
    pub fn session<'a>(&self, headers: impl IntoIterator<Item = &'a str>) -> Option<SessionSecret> {
        find(headers, &self.session).and_then(SessionSecret::parse)
    }

    /// The SAML request cookie's value. None when absent or there twice.
    pub fn saml_request<'a>(&self, headers: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        find(headers, &self.saml_request)
    }
}

/// The one value of `name`; two of them mean that somebody planted one, so there is none.
fn find<'a>(headers: impl IntoIterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    let mut values = headers
        .into_iter()
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim_matches([' ', '\t']).split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

fn is_loopback(origin: &Url) -> bool {
    match origin.host() {
        // RFC 6761 section 6.3: these names are loopback.
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::SystemRandom;

    fn cookies(origin: &str) -> Result<Cookies, OriginError> {
        Cookies::of(&origin.parse().unwrap(), "acme")
    }

    #[test]
    fn https_has_the_host_prefix_and_no_domain() {
        let cookies = cookies("https://acme.example.com").unwrap();
        let secret = SessionSecret::generate(&SystemRandom::default());
        let set = cookies.set_session(&secret);
        assert_eq!(
            set,
            format!("__Host-atm_session={}; Path=/; Secure; HttpOnly; SameSite=Lax", secret.expose())
        );
        assert_eq!(
            cookies.set_saml_request("abc"),
            "__Host-atm_saml=abc; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=600"
        );
        let hash = secret.hash();
        let trace = format!("__Host-atm_trace={hash}; Path=/; Secure; HttpOnly; SameSite=None");
        assert_eq!(cookies.set_trace(&hash), trace);
        assert_eq!(cookies.trace([&*format!("a=b; __Host-atm_trace={hash}")]), Some(hash));
        for clear in [cookies.clear_session(), cookies.clear_trace()] {
            assert!(clear.starts_with("__Host-") && clear.contains("Secure; HttpOnly"));
            assert!(clear.ends_with("Max-Age=0") && !clear.contains("Domain"));
        }
    }

    #[test]
    fn loopback_http_has_a_name_per_workspace() {
        for origin in [
            "http://localhost:3000",
            "http://acme.localhost:3000",
            "http://127.0.0.1",
            "http://127.8.8.8:1",
            "http://[::1]:3000",
        ] {
            let cookies = cookies(origin).unwrap();
            assert_eq!(cookies.session_name(), "atm_session_acme");
            assert!(cookies.set_saml_request("abc").starts_with("atm_saml_acme=abc;"));
            assert!(cookies.clear_session().contains("; Secure; HttpOnly; SameSite=Lax"));
        }
    }

    #[test]
    fn http_elsewhere_is_an_error() {
        for origin in [
            "http://acme.example.com",
            "http://localhost.example.com",
            "http://notlocalhost",
            "http://10.0.0.1",
            "http://[::2]",
            "http://0.0.0.0",
            "ftp://localhost",
        ] {
            assert!(matches!(cookies(origin), Err(OriginError::NotSecure { .. })), "{origin}");
        }
    }

    #[test]
    fn a_workspace_name_cannot_break_the_header() {
        for name in ["", "a;b", "a b", "a=b", "A", "a\r\n", "ä"] {
            let got = Cookies::of(&"http://localhost".parse().unwrap(), name);
            assert!(matches!(got, Err(OriginError::WorkspaceName { .. })), "{name:?}");
        }
    }

    #[test]
    fn the_session_is_read_back_once() {
        let cookies = cookies("https://acme.example.com").unwrap();
        let secret = SessionSecret::generate(&SystemRandom::default());
        let pair = format!("__Host-atm_session={}", secret.expose());
        let read = |headers: &[&str]| cookies.session(headers.iter().copied()).map(|s| s.hash());
        assert_eq!(read(&[&pair]), Some(secret.hash()));
        assert_eq!(read(&[&format!("a=b; {pair};c=d")]), Some(secret.hash()));
        assert_eq!(read(&["a=b", &pair]), Some(secret.hash()));
        for bad in [
            format!("{pair}; {pair}"),
            format!("{pair}; __Host-atm_session=x"),
            format!("{pair}A"),
            pair[..pair.len() - 1].to_owned(),
            pair.replace("__Host-", ""),
            pair.replace("__Host-", "__host-"),
            "__Host-atm_session=".to_owned(),
            "__Host-atm_session".to_owned(),
            format!("__Host-atm_session=\"{}\"", secret.expose()),
            String::new(),
        ] {
            assert_eq!(read(&[&bad]), None, "{bad}");
        }
        assert_eq!(read(&[&pair, &pair]), None);
        assert_eq!(cookies.saml_request(["__Host-atm_saml=v1"]), Some("v1"));
    }
}
