//! Every function of the deployment, a line each.

use std::sync::Arc;

use shared::{
    http::{Door, Outbound},
    ops::{Clock, Random},
    store::Aws,
};

use crate::functions::Functions;

/// Mounts all functions over `aws`. `twin` is the origin of the Okta twin: the one exception to what an org may be.
pub(crate) fn mount(
    aws: &Aws,
    twin: &str,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> anyhow::Result<Functions> {
    let door =
        Door::new(aws.config().public_base()?, aws.table(random.clone())?, clock.clone(), random.clone());
    let mut functions = Functions::default();
    functions.web("console", console::router(console::Console::new(aws, door.clone())?));
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
    let trigger = scan_trigger::ScanTrigger::new(aws, door.clone())?;
    functions.event("scan-trigger", move |event| {
        let trigger = trigger.clone();
        async move { scan_trigger::handle(&trigger, event).await }
    });
    let worker = scan_worker::ScanWorker {
        workspaces: door.workspaces.clone(),
        evidence: aws.evidence()?,
        secrets: aws.secrets()?,
        signer: aws.signer()?,
        queue: aws.queue("SCAN_QUEUE_URL")?,
        transport: Outbound::new([twin])?,
        extra_origins: vec![twin.to_owned()],
        clock: clock.clone(),
        random: random.clone(),
    };
    functions.event("scan-worker", move |event| {
        let worker = worker.clone();
        async move { scan_worker::handle(&worker, event).await }
    });
    let export = report_export::ReportExport {
        workspaces: door.workspaces.clone(),
        evidence: aws.evidence()?,
        secrets: aws.secrets()?,
        clock: clock.clone(),
        random: random.clone(),
    };
    functions.event("report-export", move |event| {
        let export = export.clone();
        async move { report_export::handle(&export, event).await }
    });
    Ok(functions)
}
