//! Which addresses are public, and a resolver that gives only those.
//!
//! One rule: a name is resolved once, here, and if one of its addresses is not public none is used. The client
//! connects to what this gave, so a second answer of the name server changes nothing.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// How a name becomes addresses.
pub(super) type Lookup =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>> + Send + Sync>;

/// A name has an address that is not public, or none.
#[derive(Debug, thiserror::Error)]
#[error("the name has an address that is not public")]
pub(super) struct Blocked;

/// Resolves names to public addresses or to nothing.
pub(super) struct Guard(Lookup);

impl Guard {
    /// With the machine's resolver.
    pub(super) fn system() -> Self {
        Self::new(Arc::new(|name| {
            Box::pin(async move {
                let found = tokio::net::lookup_host((name.as_str(), 443)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        }))
    }

    pub(super) fn new(lookup: Lookup) -> Self {
        Self(lookup)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = (self.0)(name.as_str().to_owned());
        Box::pin(async move {
            let found = lookup.await?;
            if found.is_empty() || !found.iter().copied().all(is_public) {
                return Err(Blocked.into());
            }
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// Whether an address is of the public internet (IANA special-purpose registries, RFC 6890).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let special = match (first, second, third) {
        (172, ..) => (16..=31).contains(&second),
        // Carrier-grade NAT.
        (100, ..) => (64..=127).contains(&second),
        // Protocol assignments, documentation, 6to4 relays, private; benchmarks, documentation.
        (192, ..) => matches!((second, third), (0, 0 | 2) | (88, 99) | (168, _)),
        (198, ..) => matches!((second, third), (18 | 19, _) | (51, 100)),
        (203, ..) => (second, third) == (0, 113),
        // Link-local, with the cloud's metadata service.
        (169, ..) => second == 254,
        // This network, private, loopback, multicast and beyond.
        _ => matches!(first, 0 | 10 | 127 | 224..=255),
    };
    !special
}

/// Global unicast, without the parts of it that lead to IPv4, to tunnels, or nowhere. What maps, embeds or
/// translates an IPv4 address (`::ffff:`, `64:ff9b::`) lies outside of it, and so do `fc00::` and `fe80::`.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    match first {
        // Protocol assignments with Teredo; documentation.
        0x2001 => second > 0x1ff && second != 0xdb8,
        // 6to4.
        0x2002 => false,
        // Documentation.
        0x3fff => second > 0xfff,
        _ => (0x2000..=0x3fff).contains(&first),
    }
}
