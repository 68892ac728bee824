//! Mail to every Admin: changes to the front door are never silent.

use shared::http::{Person, Visit};

use crate::Console;

/// Sends `text` to every active Admin of the workspace.
pub(crate) async fn admins(console: &Console, visit: &Visit, subject: &str, text: &str) {
    visit.store().tell_admins(&console.mailer, subject, text).await;
}

/// Tells every Admin what `person` has just changed at the front door, and where to look if nobody expected it.
pub(crate) async fn front_door(console: &Console, person: &Person, subject: &str, what: &str) {
    let text = format!(
        "{what}\nBy {} in {}, correlation id {}.\nIf nobody expected this, look at the audit log at once.\n",
        person.user.attributes.user_name(),
        person.visit.origin(),
        person.visit.correlation_id
    );
    admins(console, &person.visit, subject, &text).await;
}
