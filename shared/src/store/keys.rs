//! The key map. Every partition key begins with `T#<tenant>#`, save the lookups from host and from identity
//! provider to tenant.
//!
//! One tenant id is the deployment's own ([`deployment`]): what no workspace owns. It holds ids and times, nothing
//! of a customer's.
//!
//! | item | PK after `T#<tenant>#` | SK | read by |
//! |---|---|---|---|
//! | host | (whole key) `H#<subdomain>` | `H` | every request, cached: the mapping never changes |
//! | identity provider | (whole key) `H#idp:<sha256 of entity id>` | `I` | saving SSO: one workspace each |
//! | workspace | `W` | `W` | every request |
//! | SSO connection | `W` | `SSO` | sign-in |
//! | our own SAML keys, public halves | `W` | `SP` | our metadata, sign-in that starts here |
//! | refresh of the metadata, what is staged | `W` | `SSO-REFRESH` | the schedule, the SSO page |
//! | operators' list of customers | `CUSTOMERS` | `<subdomain>` | the operators' console |
//! | counter of users, of groups, of tokens | `C` | `U`, `G`, `K` | create, list |
//! | user | `U#<seq >> 10>` | `<seq, 8 hex>` | id (the id holds the seq), list page = one query |
//! | user name | `N#<sha256 of folded name>` | `U` | `userName eq`, sign-in, uniqueness |
//! | deletion of a user of that name | `N#<sha256 of folded name>` | `D` | sign-in by SAML: JIT brings nobody back |
//! | custom group | `G#<seq >> 10>` | `<seq, 8 hex>` | id, list page |
//! | group name | `N#<sha256 of folded name>` | `G` | `displayName eq`, uniqueness |
//! | group member | `M#<group>` | `<user>` | group with members |
//! | SCIM token | `K` | `<token id>` | every SCIM request; the console's list |
//! | session | `S#<sha256 of cookie>` | `S` | every console request |
//! | session in the list | `SL` | `<user>#<id>` | the pages that show and end sessions |
//! | SAML request | `Q#<request id>` | `Q` | the answer to it, once |
//! | used assertion | `R#<sha256 of issuer and id>` | `R` | replay check |
//! | one-time link | `L#<sha256 of token>` | `L` | invitation, e-mail sign-in |
//! | tries at a second factor | `OT#<user>` | `T` | every code, before it is looked at |
//! | used TOTP step | `O#<user>#<step>` | `O` | single use |
//! | Okta org | `O` | `<org>` | connection, schedule |
//! | connection to refresh | (tenant `deployment`) `SSO` | `<tenant>` | the schedule: one query over all |
//! | org to look at | (tenant `deployment`) `DUE` | `<tenant>#<org>` | the schedule: one query over all orgs |
//! | approval to end | (tenant `deployment`) `ENDS` | `<tenant>#<approval>` | the schedule: one query over all |
//! | scan | `X#<org>` | `<scan>` (time first) | list, newest first |
//! | scan slot, latest scan | `XS#<org>` | `SLOT#<slot>`, `CURRENT` | one scheduled scan per slot, one at a time |
//! | checkpoint | `XC#<scan>` | `<piece, 4 digits>` | every step of a scan |
//! | finding | `FO#<org>` | `<finding>` | the org's findings, each the same in every scan |
//! | finding seen | `F#<scan>` | `<finding>` | list of one scan |
//! | ledger | `LEDGER` | `HEAD`, `E#<seq, 20 digits>` | approvals, append-only |
//! | approval | `P` | `<approval>` | every delivery, consistent read |
//! | step done for a request | `I#<sha256 of step and request>` | `I` | a retry finds what it did |
//! | lease | `D#<approval>` | `<end>#<delivery, scan or check>` | the last one ends a revocation |
//! | object, report | `Y` | `<scan>.<id>` | list of a scan, read |
//! | audit record | `A#<yyyy-mm>` | `<time>#<id>` | audit log, newest first |
//! | log (`scim`, `signin`) | `B#<log>#<yyyy-mm-dd>` | `<time>#<id>` | provisioning and sign-in logs, 30 days |

use crate::tenant::{Digest, Subdomain, TenantId};

/// Where an item lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    /// A key in the partition `partition` of a tenant.
    pub fn of(tenant: &TenantId, partition: &str, sk: impl Into<String>) -> Self {
        Self { pk: partition_key(tenant, partition), sk: sk.into() }
    }

    /// The lookup from host to tenant. No subdomain holds the colon of `H#idp:`, the other lookup.
    pub fn host(subdomain: &Subdomain) -> Self {
        Self { pk: format!("H#{}", subdomain.as_str()), sk: "H".to_owned() }
    }

    /// The lookup from an identity provider to the one workspace that trusts it.
    pub fn idp(entity_id: &str) -> Self {
        Self { pk: format!("H#idp:{}", hashed(entity_id)), sk: "I".to_owned() }
    }
}

/// The deployment's own tenant id. Generated ids begin with `t` and 20 characters of another alphabet.
pub fn deployment() -> TenantId {
    TenantId::new("deployment")
}

/// The partition key of a tenant's partition.
pub fn partition_key(tenant: &TenantId, partition: &str) -> String {
    format!("T#{tenant}#{partition}")
}

/// The partition and sort key of the `seq`-th user (`U`) or group (`G`): 1,024 to a partition.
pub fn sequence(kind: char, seq: u64) -> (String, String) {
    (format!("{kind}#{:x}", seq >> 10), format!("{seq:08x}"))
}

/// SHA-256 as hex, for keys made of values that people chose.
pub fn hashed(value: &str) -> String {
    Digest::of(value.as_bytes()).to_string()
}
