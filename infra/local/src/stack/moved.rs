//! Where a workspace is that had another address in an earlier run: the twin's apps were given the addresses of then.

use std::collections::BTreeMap;

use shared::tenant::Subdomain;

/// The workspaces' ports, in the last run and now.
#[derive(Debug)]
pub(super) struct Moved {
    /// The gateway's port now, whatever it was.
    gateway: u16,
    /// Each workspace's own port: before, and now.
    own: BTreeMap<Subdomain, (u16, u16)>,
}

impl Moved {
    pub(super) fn new(gateway: u16, own: BTreeMap<Subdomain, (u16, u16)>) -> Self {
        Self { gateway, own }
    }

    /// The present form of an address; none if it is no workspace's.
    pub(super) fn now(&self, address: &str) -> Option<String> {
        let rest = address.strip_prefix("http://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = authority.split_once(':')?;
        let now = match host.strip_suffix(".localhost") {
            Some(name) => self.own.contains_key(&Subdomain::parse(name).ok()?).then_some(self.gateway)?,
            None if host == "127.0.0.1" => {
                let port = port.parse::<u16>().ok()?;
                self.own.values().find(|(before, _)| *before == port)?.1
            }
            None => return None,
        };
        Some(format!("http://{host}:{now}{path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspaces_address_moves_and_nobody_elses() {
        let acme = Subdomain::parse("acme").unwrap();
        let moved = Moved::new(8080, [(acme, (4000, 4001))].into());
        for (before, now) in [
            ("http://acme.localhost:7070/auth/saml/acs", Some("http://acme.localhost:8080/auth/saml/acs")),
            ("http://acme.localhost:8080", Some("http://acme.localhost:8080")),
            ("http://127.0.0.1:4000/scim/v2", Some("http://127.0.0.1:4001/scim/v2")),
            ("http://127.0.0.1:4001/scim/v2", None),
            ("http://other.localhost:7070/", None),
            ("http://localhost:7070/", None),
            ("https://acme.localhost:7070/", None),
            ("https://acme.example.com/scim/v2", None),
            ("", None),
        ] {
            assert_eq!(moved.now(before).as_deref(), now, "{before}");
        }
    }
}
