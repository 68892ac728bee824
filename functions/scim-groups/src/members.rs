//! Members of a group, changed within the time that a request has.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    http::ScimClient,
    scim::ScimError,
    store::groups::{Group, PER_WAVE, Version},
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
        changed.map_err(|error| stale(error, version))?;
        // The first wave proved the version and made a new one.
        version = Version::Any;
        if matches!(group, Group::Role(Role::Admin)) && wave.iter().any(|(_, add)| !**add) {
            client.an_admin_may_be_gone();
        }
    }
    Ok(())
}

/// Takes everybody out.
pub(crate) async fn empty(client: &ScimClient, group: &Group) -> Result<(), ScimError> {
    let delta = client.store().membership_difference(group, &BTreeSet::new()).await?;
    change(client, group, Version::Any, &delta).await
}
