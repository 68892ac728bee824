//! Every function of the deployment.

use std::sync::Arc;

use axum::Router;
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
    tenant::PublicBase,
};

use crate::functions::Functions;

/// What a function is made of: its own clients and settings, as its own process would have them.
pub(crate) struct Parts<'s> {
    /// By the function's name: clients that may do what its policy allows, and its environment.
    pub aws: &'s dyn Fn(&str) -> anyhow::Result<Aws>,
    /// The one origin on this machine that functions may reach.
    pub twin: &'s str,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

impl Parts<'_> {
    fn door(&self, aws: &Aws) -> anyhow::Result<Door> {
        let config = aws.config();
        let table = aws.table(self.random.clone())?;
        let base = PublicBase::of(config)?;
        let door = Door::new(base, table, self.clock.clone(), self.random.clone());
        Ok(Door { rate: Rate::of(config)?, ..door })
    }
}

/// Mounts all functions.
pub(crate) fn mount(parts: &Parts<'_>) -> anyhow::Result<Functions> {
    let mut functions = Functions::default();
    for (name, router) in [
        ("okta-jwks", okta_jwks::router as fn(Door) -> Router),
        ("scim-discovery", scim_discovery::router),
        ("scim-groups", scim_groups::router),
        ("scim-root", scim_root::router),
        ("scim-users", scim_users::router),
    ] {
        functions.web(name, router(parts.door(&(parts.aws)(name)?)?));
    }
    web(parts, &mut functions)?;
    events(parts, &mut functions)?;
    Ok(functions)
}

/// Those that answer HTTP and need more than a door.
fn web(parts: &Parts<'_>, functions: &mut Functions) -> anyhow::Result<()> {
    let aws = (parts.aws)("console")?;
    let console = Console::new(&aws, parts.door(&aws)?, Outbound::new([parts.twin])?)?;
    let console = console.with_okta_origins(vec![parts.twin.to_owned()]);
    functions.web("console", console::router(console));

    let aws = (parts.aws)("evidence-router")?;
    let deliveries = Deliveries { door: parts.door(&aws)?, evidence: aws.evidence()? };
    functions.web("evidence-router", evidence_router::router(deliveries));

    let aws = (parts.aws)("saml-acs")?;
    functions.web("saml-acs", saml_acs::router(SamlAcs::new(parts.door(&aws)?, aws.secrets()?)));

    let aws = (parts.aws)("saml-login")?;
    functions.web("saml-login", saml_login::router(SamlLogin::new(parts.door(&aws)?, aws.secrets()?)));
    Ok(())
}

/// Those that take events.
fn events(parts: &Parts<'_>, functions: &mut Functions) -> anyhow::Result<()> {
    let aws = (parts.aws)("scan-trigger")?;
    let trigger = ScanTrigger::new(&aws, parts.door(&aws)?)?;
    functions.event("scan-trigger", trigger, |trigger, event| async move {
        scan_trigger::handle(&trigger, event).await
    });

    let aws = (parts.aws)("scan-worker")?;
    let worker = ScanWorker {
        workspaces: parts.door(&aws)?.workspaces,
        evidence: aws.evidence()?,
        secrets: aws.secrets()?,
        signer: aws.signer()?,
        queue: aws.queue("SCAN_QUEUE_URL")?,
        transport: Outbound::new([parts.twin])?,
        extra_origins: vec![parts.twin.to_owned()],
        clock: parts.clock.clone(),
        random: parts.random.clone(),
    };
    functions.event("scan-worker", worker, |worker, event| async move {
        Box::pin(scan_worker::handle(&worker, event)).await
    });

    let aws = (parts.aws)("report-export")?;
    let export = ReportExport {
        workspaces: parts.door(&aws)?.workspaces,
        evidence: aws.evidence()?,
        secrets: aws.secrets()?,
        clock: parts.clock.clone(),
        random: parts.random.clone(),
    };
    functions.event("report-export", export, |export, event| async move {
        report_export::handle(&export, event).await
    });

    let aws = (parts.aws)("housekeeping")?;
    let door = parts.door(&aws)?;
    let chores = Housekeeping {
        base: door.base,
        workspaces: door.workspaces,
        mailer: aws.mailer()?,
        outbound: Outbound::new([parts.twin])?,
        clock: parts.clock.clone(),
        random: parts.random.clone(),
    };
    functions.event("housekeeping", chores, |chores, event| async move {
        housekeeping::handle(&chores, event).await
    });
    Ok(())
}
