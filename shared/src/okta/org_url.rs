//! The address of an Okta org, and the proof that it is one.
//!
//! Why: the customer types it, and we then send credentials there. Its one rule: the host ends in a suffix that Okta
//! owns, on a label boundary, or the URL does not exist as an [`OrgUrl`].

use std::fmt;

use url::{Host, Url};

/// The suffixes under which Okta hosts orgs.
const SUFFIXES: [&str; 5] = ["okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "okta.mil"];

/// Hosts under those suffixes that are Okta's own and no org.
const NOT_ORGS: [&str; 5] = ["www", "help", "developer", "support", "status"];

/// A checked origin such as `https://acme.okta.com`: no path, port, query or userinfo.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrgUrl {
    origin: String,
    host: String,
}

/// Why a text is not the address of an org. It repeats no input: that can be a secret pasted by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrgUrlError {
    #[error("want https://<org>.okta.com, got something that is not a URL")]
    NotAUrl,
    #[error("want https, got another scheme")]
    Scheme,
    #[error("want a host of Okta's ({}), got another host", SUFFIXES.join(", "))]
    Host,
    #[error("want the bare address, got a user, port, path, query or fragment besides")]
    NotBare,
}

impl OrgUrl {
    /// Reads an org address as people paste it. `-admin` is taken off: the API lives at the org's own host.
    pub fn parse(input: &str) -> Result<Self, OrgUrlError> {
        Self::parse_with(input, &[])
    }

    /// As [`OrgUrl::parse`], and besides takes an origin listed in `extra_allowed_origins`, if it is loopback: the Okta
    /// twin of the local stack. The list is configuration and empty everywhere else.
    pub fn parse_with(input: &str, extra_allowed_origins: &[String]) -> Result<Self, OrgUrlError> {
        let input = input.trim();
        // IDN look-alikes and tabs inside the URL are refused before the parser makes them look harmless.
        if !input.bytes().all(|b| b.is_ascii_graphic()) || input.contains('\\') {
            return Err(OrgUrlError::NotAUrl);
        }
        let url = Url::parse(input).map_err(|_| OrgUrlError::NotAUrl)?;
        if extra_allowed_origins.iter().any(|o| *o == url.origin().ascii_serialization()) && is_loopback(&url)
        {
            bare(&url)?;
            let host = url.host_str().ok_or(OrgUrlError::Host)?.to_owned();
            return Ok(Self { origin: url.origin().ascii_serialization(), host });
        }
        if url.scheme() != "https" {
            return Err(OrgUrlError::Scheme);
        }
        bare(&url)?;
        let Some(Host::Domain(host)) = url.host() else { return Err(OrgUrlError::Host) };
        if url.port().is_some() {
            return Err(OrgUrlError::NotBare);
        }
        let (label, suffix) = host.split_once('.').ok_or(OrgUrlError::Host)?;
        let label = label.strip_suffix("-admin").unwrap_or(label);
        let usable = !label.is_empty() && !label.starts_with("xn--") && !NOT_ORGS.contains(&label);
        if !usable || !SUFFIXES.contains(&suffix) {
            return Err(OrgUrlError::Host);
        }
        let host = format!("{label}.{suffix}");
        Ok(Self { origin: format!("https://{host}"), host })
    }

    /// The origin, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// The URL of `path` (which begins with a slash) in this org.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The org authorization server's token endpoint: the only one that gives `okta.*` scopes.
    pub fn token_endpoint(&self) -> String {
        self.at("/oauth2/v1/token")
    }

    /// `url` as a URL inside this org, or `None` if it leads anywhere else. Okta writes some links with the admin host;
    /// they are read at the org's own host.
    pub fn pin(&self, url: &Url) -> Option<String> {
        let inside = url.origin().ascii_serialization() == self.origin || self.is_admin_host(url);
        let plain = url.username().is_empty() && url.password().is_none() && url.path().starts_with('/');
        (inside && plain).then(|| {
            let query = url.query().map(|q| format!("?{q}")).unwrap_or_default();
            format!("{}{}{query}", self.origin, url.path())
        })
    }

    fn is_admin_host(&self, url: &Url) -> bool {
        let admin =
            self.host.split_once('.').map(|(label, suffix)| format!("https://{label}-admin.{suffix}"));
        admin.is_some_and(|admin| url.origin().ascii_serialization() == admin)
    }
}

impl fmt::Display for OrgUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

fn bare(url: &Url) -> Result<(), OrgUrlError> {
    let bare = url.username().is_empty()
        && url.password().is_none()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none();
    bare.then_some(()).ok_or(OrgUrlError::NotBare)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_org_is_read_as_people_paste_it() {
        for input in ["https://acme.okta.com", " https://ACME.okta.com/ ", "https://acme-admin.okta.com"] {
            assert_eq!(OrgUrl::parse(input).unwrap().as_str(), "https://acme.okta.com", "{input}");
        }
        for suffix in SUFFIXES {
            assert!(OrgUrl::parse(&format!("https://acme.{suffix}")).is_ok());
        }
    }

    #[test]
    fn b05_what_only_looks_like_an_org_is_refused() {
        use OrgUrlError::{Host, NotAUrl, NotBare, Scheme};
        for (input, want) in [
            ("https://acme.okta.com.evil.example", Host),
            ("https://evilokta.com", Host),
            ("https://acme.evilokta.com", Host),
            ("https://okta.com", Host),
            ("https://.okta.com", Host),
            ("https://-admin.okta.com", Host),
            ("https://www.okta.com", Host),
            ("https://a.b.okta.com", Host),
            ("https://acme.okta.com.", Host),
            ("https://127.0.0.1", Host),
            ("https://xn--cme-8cd.okta.com", Host),
            ("https://аcme.okta.com", NotAUrl),
            ("https://acme.okta.com\\@evil.example", NotAUrl),
            ("acme.okta.com", NotAUrl),
            ("http://acme.okta.com", Scheme),
            ("https://acme.okta.com@evil.example", NotBare),
            ("https://user@acme.okta.com", NotBare),
            ("https://acme.okta.com:8443", NotBare),
            ("https://acme.okta.com/app", NotBare),
            ("https://acme.okta.com?x", NotBare),
            ("https://acme.okta.com#x", NotBare),
        ] {
            assert_eq!(OrgUrl::parse(input), Err(want), "{input}");
        }
    }

    #[test]
    fn the_local_twin_is_taken_only_if_listed_and_loopback() {
        let twin = ["http://127.0.0.1:4100".to_owned(), "http://10.0.0.1:4100".to_owned()];
        assert_eq!(
            OrgUrl::parse_with("http://127.0.0.1:4100/", &twin).unwrap().at("/x"),
            "http://127.0.0.1:4100/x"
        );
        assert!(OrgUrl::parse_with("http://127.0.0.1:4101", &twin).is_err());
        assert!(OrgUrl::parse_with("http://10.0.0.1:4100", &twin).is_err());
        assert!(OrgUrl::parse_with("http://127.0.0.1:4100/path", &twin).is_err());
        assert!(OrgUrl::parse("http://127.0.0.1:4100").is_err());
    }

    #[test]
    fn a_link_is_pinned_to_the_org() {
        let org = OrgUrl::parse("https://acme.okta.com").unwrap();
        let pin = |url: &str| org.pin(&Url::parse(url).unwrap());
        assert_eq!(pin("https://acme.okta.com/a?after=b").unwrap(), "https://acme.okta.com/a?after=b");
        assert_eq!(pin("https://acme-admin.okta.com/a").unwrap(), "https://acme.okta.com/a");
        for bad in [
            "http://acme.okta.com/a",
            "https://other.okta.com/a",
            "https://acme.okta.com:444/a",
            "https://acme.okta.com@evil.example/a",
            "https://u@acme.okta.com/a",
            "data:text/plain,acme",
        ] {
            assert_eq!(pin(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_https_under_a_suffix_of_oktas(input in "(https://)?[a-zA-Z0-9.@:/#?-]{0,24}(okta\\.com|okta\\.mil)?[a-z./:@-]{0,6}") {
            if let Ok(org) = OrgUrl::parse(&input) {
                let url = Url::parse(org.as_str()).unwrap();
                prop_assert_eq!(url.scheme(), "https");
                let parent = url.host_str().unwrap().split_once('.').unwrap().1;
                prop_assert!(SUFFIXES.contains(&parent));
                prop_assert_eq!(url.port(), None);
            }
        }
    }
}
