//! Mail to every Admin: changes to the front door are never silent.

use shared::{
    http::{Problem, Visit},
    tenant::Role,
};

use crate::Console;

/// Sends `text` to every active Admin of the workspace.
pub(crate) async fn admins(
    console: &Console,
    visit: &Visit,
    subject: &str,
    text: &str,
) -> Result<(), Problem> {
    let is_admin =
        |user: &shared::store::users::UserRecord| user.role(&visit.workspace.tenant) == Some(Role::Admin);
    // A workspace too large to look through still tells its first page of people.
    let store = visit.store();
    let admins = match store.scan_users(is_admin).await? {
        Some(admins) => admins,
        None => store.users(1, 1000).await?.1.into_iter().filter(is_admin).collect(),
    };
    for admin in admins {
        if let Some(address) = admin.attributes.primary_email() {
            console.mailer.send(address, subject, text).await?;
        }
    }
    Ok(())
}
