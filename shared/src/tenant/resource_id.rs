//! The id is the address: a user's or group's SCIM id holds the place where the store keeps it.
//!
//! A version 8 UUID (RFC 9562) of a 40-bit sequence number and 82 random bits. The random bits are compared
//! with the stored id on each read, so an id cannot be guessed from another one.

use uuid::{Builder, Uuid};

use super::{Digest, Role, TenantId};
use crate::ops::{Random, random};

/// The id of the `seq`-th resource.
pub fn generate(seq: u64, random: &(impl Random + ?Sized)) -> String {
    let mut bytes = random::bytes::<16>(random);
    bytes[..5].copy_from_slice(&seq.to_be_bytes()[3..]);
    Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// The sequence number in `id`; none when it is not an id of ours.
pub fn sequence(id: &str) -> Option<u64> {
    // Only the form that we issue: lower case, hyphens in their places.
    let uuid =
        Uuid::try_parse(id).ok().filter(|uuid| uuid.get_version_num() == 8 && uuid.to_string() == id)?;
    let bytes = uuid.as_bytes();
    let seq = u64::from_be_bytes([0, 0, 0, bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]]);
    (seq > 0).then_some(seq)
}

/// Whether `id` has the form of an id, whoever issued it.
pub fn is_uuid(id: &str) -> bool {
    Uuid::try_parse(id).is_ok()
}

/// The id of a workspace's role-group: the same at every read, and unlike any other workspace's.
pub fn role_group(tenant: &TenantId, role: Role) -> String {
    let digest =
        Digest::framed([b"role-group".as_slice(), tenant.as_str().as_bytes(), role.name().as_bytes()]);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    // Sequence number 0 is never issued: it marks a role-group.
    bytes[..5].fill(0);
    Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// The role whose role-group `id` is.
pub fn role_of_group(tenant: &TenantId, id: &str) -> Option<Role> {
    Role::ALL.into_iter().find(|role| role_group(tenant, *role) == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::SystemRandom;

    #[test]
    fn an_id_gives_its_sequence_back() {
        for seq in [1, 2, 1023, 1024, 1 << 20, (1 << 40) - 1] {
            let id = generate(seq, &SystemRandom::default());
            assert_eq!(sequence(&id), Some(seq), "{id}");
        }
    }

    #[test]
    fn c22_what_we_did_not_issue_is_no_id() {
        let id = generate(7, &SystemRandom::default());
        let upper = id.to_uppercase();
        let braced = format!("{{{id}}}");
        for other in
            ["", "../", "00000000-0000-4000-8000-000000000000", &upper, &braced, &id.replace('-', "")]
        {
            assert_eq!(sequence(other), None, "{other}");
        }
    }

    #[test]
    fn role_groups_differ_by_role_and_workspace() {
        let ids: std::collections::BTreeSet<_> = ["t1", "t2"]
            .iter()
            .flat_map(|t| Role::ALL.map(|role| role_group(&TenantId::new(*t), role)))
            .collect();
        assert_eq!(ids.len(), 12);
        assert!(ids.iter().all(|id| sequence(id).is_none()));
        let tenant = TenantId::new("t1");
        assert_eq!(role_of_group(&tenant, &role_group(&tenant, Role::Viewer)), Some(Role::Viewer));
        assert_eq!(role_of_group(&tenant, &role_group(&TenantId::new("t2"), Role::Viewer)), None);
    }
}
