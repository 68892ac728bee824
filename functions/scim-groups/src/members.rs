//! Members of a group, changed within the time that a request has.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    http::ScimClient,
    scim::ScimError,
    store::groups::{Group, GroupRecord, PER_TRANSACTION, PER_WAVE, Version},
    tenant::Role,
};

use crate::write::stale;

/// Adds (`true`) and removes (`false`) members, wave by wave. What did not fit into the time is answered by 503:
/// the client sends it again, and what was done is not done twice.
pub(crate) async fn change(
    client: &ScimClient,
    group: &Group,
    mut version: Version,
    delta: &BTreeMap<String, bool>,
) -> Result<(), ScimError> {
    let members: Vec<_> = delta.iter().collect();
    for (done, wave) in members.chunks(PER_WAVE).enumerate() {
        if client.is_late() {
            return Err(ScimError::unfinished(done * PER_WAVE, members.len()));
        }
        let delta = wave.iter().map(|(user, add)| ((*user).clone(), **add)).collect();
        let changed = client.store().change_members(group, version, &delta, &client.acting()).await;
        // Also after an error: some of it may have been done.
        if matches!(group, Group::Role(Role::Admin)) && wave.iter().any(|(_, add)| !**add) {
            client.an_admin_may_be_gone();
        }
        changed.map_err(|error| stale(error, version))?;
        // The first wave proved the version and made a new one.
        version = Version::Any;
    }
    leave_if_gone(client, group, delta).await
}

/// The same for what a client says to add and to remove, some of which may be so already: what is sent again goes on
/// where it stopped.
pub(crate) async fn change_left(
    client: &ScimClient,
    group: &Group,
    version: Version,
    delta: &BTreeMap<String, bool>,
) -> Result<(), ScimError> {
    // A wave costs less than a look at who is there. With a version, a second try is refused anyway.
    if delta.len() <= PER_WAVE || !matches!(version, Version::Any) {
        return change(client, group, version, delta).await;
    }
    let left = client.store().membership_left(group, delta).await?;
    change(client, group, version, &left).await
}

/// Who changed members in several transactions may have met a deletion between two of them: nobody stays in a group
/// that is gone.
async fn leave_if_gone(
    client: &ScimClient,
    group: &Group,
    delta: &BTreeMap<String, bool>,
) -> Result<(), ScimError> {
    let Group::Custom(record) = group else { return Ok(()) };
    let store = client.store();
    if record.leaving || delta.len() <= PER_TRANSACTION || store.group(&record.id).await?.is_some() {
        return Ok(());
    }
    let gone = Group::Custom(GroupRecord { leaving: true, ..record.clone() });
    let joined = delta.iter().filter(|(_, add)| **add).map(|(user, _)| (user.clone(), false)).collect();
    store.change_members(&gone, Version::Any, &joined, &client.acting()).await?;
    Err(ScimError::not_found())
}

/// Takes everybody out.
pub(crate) async fn empty(client: &ScimClient, group: &Group) -> Result<(), ScimError> {
    let delta = client.store().membership_difference(group, &BTreeSet::new()).await?;
    change(client, group, Version::Any, &delta).await
}
