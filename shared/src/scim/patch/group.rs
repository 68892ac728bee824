//! What a PATCH of a group comes to.
//!
//! Folded without the group at hand: the work grows with the request, never with the group, and every
//! member is in the change at most once, so that one transaction never touches an item twice.

use std::collections::{BTreeMap, BTreeSet};

use super::{Op, Operation, PatchRequest};
use crate::scim::ScimError;
use crate::scim::group::{check_display_name, external_id, member_ids};
use crate::scim::json::Json;

/// The net change of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupChange {
    /// The new name, if it is set.
    pub display_name: Option<String>,
    /// The new external id, if it is set (`Some(Some)`) or removed (`Some(None)`).
    pub external_id: Option<Option<String>>,
    pub members: MembersChange,
}

impl GroupChange {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The net change of a group's members, by user id as the client wrote it: it can be any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MembersChange {
    /// Each named member ends in the group (`true`) or out of it (`false`); all others stay as they are.
    Delta(BTreeMap<String, bool>),
    /// The members are exactly these.
    ReplaceAll(BTreeSet<String>),
}

impl Default for MembersChange {
    fn default() -> Self {
        Self::Delta(BTreeMap::new())
    }
}

impl MembersChange {
    /// Whether nobody is named and nobody removed.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Delta(delta) if delta.is_empty())
    }

    fn set(&mut self, id: &str, present: bool) {
        match self {
            Self::Delta(delta) => {
                delta.insert(id.to_owned(), present);
            }
            Self::ReplaceAll(all) if present => {
                all.insert(id.to_owned());
            }
            Self::ReplaceAll(all) => {
                all.remove(id);
            }
        }
    }
}

impl PatchRequest<'_> {
    /// Folds the operations, in their order, to what they come to.
    ///
    /// Members are selected by id only (`members[value eq "ID"]`, ids joined by `or`): any other filter
    /// would need all members read, and is 400 `invalidFilter`.
    pub fn group_change(&self) -> Result<GroupChange, ScimError> {
        let mut change = GroupChange::default();
        for operation in self.operations() {
            if operation.path.attr.is("displayName") {
                let name = operation.value.and_then(Json::as_str);
                let name = name.ok_or_else(|| ScimError::invalid_value("`displayName` must be a string."))?;
                check_display_name(name)?;
                change.display_name = Some(name.to_owned());
            } else if operation.path.attr.is("externalId") {
                let value = operation.value.filter(|_| operation.op != Op::Remove);
                match external_id(value)? {
                    None if operation.op == Op::Add => {}
                    id => change.external_id = Some(id),
                }
            } else {
                fold_members(&mut change.members, operation)?;
            }
        }
        Ok(change)
    }
}

fn fold_members(members: &mut MembersChange, operation: &Operation<'_>) -> Result<(), ScimError> {
    let Operation { op, ref path, value } = *operation;
    if path.attr.sub.is_some() {
        return Err(ScimError::mutability("A member is added or removed, never changed."));
    }
    let Some(filter) = &path.filter else {
        return fold_listed(members, op, value);
    };
    let ids = filter
        .values_named()
        .ok_or_else(|| ScimError::invalid_filter("Members are selected by id: members[value eq \"ID\"]."))?;
    if op != Op::Remove {
        return Err(ScimError::mutability("A member is added or removed, never changed."));
    }
    for id in ids {
        members.set(id, false);
    }
    Ok(())
}

/// `members` without a filter, with its list of members.
fn fold_listed(members: &mut MembersChange, op: Op, value: Option<&Json<'_>>) -> Result<(), ScimError> {
    let listed = value.filter(|value| !value.is_null());
    match (op, listed) {
        (Op::Remove, None) => *members = MembersChange::ReplaceAll(BTreeSet::new()),
        (_, None) if op == Op::Add => {}
        (Op::Add, Some(listed)) => member_ids(listed, |id| members.set(id, true))?,
        (Op::Remove, Some(listed)) => member_ids(listed, |id| members.set(id, false))?,
        (_, listed) => {
            let mut all = BTreeSet::new();
            if let Some(listed) = listed {
                member_ids(listed, |id| {
                    all.insert(id.to_owned());
                })?;
            }
            *members = MembersChange::ReplaceAll(all);
        }
    }
    Ok(())
}
