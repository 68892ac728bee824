//! Every function of the deployment, a line each.

use std::sync::Arc;

use console::Console;
use evidence_router::Deliveries;
use housekeeping::Housekeeping;
use report_export::ReportExport;
use saml_acs::SamlAcs;
use saml_login::SamlLogin;
use scan_trigger::ScanTrigger;
use scan_worker::ScanWorker;
use shared::{
    http::{Door, Outbound, rate::Rate},
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
    let (clock, random) = (clock.clone(), random.clone());
    let door =
        Door::new(aws.config().public_base()?, aws.table(random.clone())?, clock.clone(), random.clone());
    let door = Door { rate: Rate::of(aws.config())?, ..door };
    let workspaces = door.workspaces.clone();
    let outbound = Outbound::new([twin])?;
    let origins = vec![twin.to_owned()];

    let mut functions = Functions::default();
    let console = Console::new(aws, door.clone(), outbound.clone())?.with_okta_origins(origins.clone());
    functions.web("console", console::router(console));
    let deliveries = Deliveries { door: door.clone(), evidence: aws.evidence()? };
    functions.web("evidence-router", evidence_router::router(deliveries));
    functions.web("okta-jwks", okta_jwks::router(door.clone()));
    functions.web("saml-acs", saml_acs::router(SamlAcs::new(door.clone(), aws.secrets()?)));
    functions.web("saml-login", saml_login::router(SamlLogin::new(door.clone(), aws.secrets()?)));
    functions.web("scim-discovery", scim_discovery::router(door.clone()));
    functions.web("scim-groups", scim_groups::router(door.clone()));
    functions.web("scim-root", scim_root::router(door.clone()));
    functions.web("scim-users", scim_users::router(door.clone()));

    let trigger = ScanTrigger::new(aws, door.clone())?;
    functions.event("scan-trigger", trigger, |trigger, event| async move {
        scan_trigger::handle(&trigger, event).await
    });
    let worker = ScanWorker {
        workspaces: workspaces.clone(),
        evidence: aws.evidence()?,
        secrets: aws.secrets()?,
        signer: aws.signer()?,
        queue: aws.queue("SCAN_QUEUE_URL")?,
        transport: outbound.clone(),
        extra_origins: origins,
        clock: clock.clone(),
        random: random.clone(),
    };
    functions.event("scan-worker", worker, |worker, event| async move {
        Box::pin(scan_worker::handle(&worker, event)).await
    });
    let export = ReportExport {
        workspaces: workspaces.clone(),
        evidence: aws.evidence()?,
        secrets: aws.secrets()?,
        clock: clock.clone(),
        random: random.clone(),
    };
    functions.event("report-export", export, |export, event| async move {
        report_export::handle(&export, event).await
    });
    let base = door.base.clone();
    let chores = Housekeeping { base, workspaces, mailer: aws.mailer()?, outbound, clock, random };
    functions.event("housekeeping", chores, |chores, event| async move {
        housekeeping::handle(&chores, event).await
    });
    Ok(functions)
}
