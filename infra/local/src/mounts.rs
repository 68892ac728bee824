//! Every function of the deployment, a line each.

use std::sync::Arc;

use shared::{
    http::{Door, Outbound},
    ops::{Clock, Random},
    store::Aws,
};

use crate::functions::Functions;

/// Mounts all functions over `aws`. `twin` is the one origin on this machine that they may reach.
pub(crate) fn mount(
    aws: &Aws,
    twin: &str,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> anyhow::Result<Functions> {
    let door =
        Door::new(aws.config().public_base()?, aws.table(random.clone())?, clock.clone(), random.clone());
    let mut functions = Functions::default();
    let outbound = Outbound::new([twin])?;
    let console =
        console::Console::new(aws, door.clone(), outbound)?.with_okta_origins(vec![twin.to_owned()]);
    functions.web("console", console::router(console));
    functions.web("okta-jwks", okta_jwks::router(door.clone()));
    functions.web("scim-discovery", scim_discovery::router(door.clone()));
    functions.web("scim-groups", scim_groups::router(door.clone()));
    functions.web("scim-users", scim_users::router(door.clone()));
    let chores = housekeeping::Housekeeping {
        base: door.base.clone(),
        workspaces: door.workspaces.clone(),
        mailer: aws.mailer()?,
        clock: clock.clone(),
        random: random.clone(),
    };
    functions.event("housekeeping", move |event| {
        let chores = chores.clone();
        async move { housekeeping::handle(&chores, event).await }
    });
    Ok(functions)
}
