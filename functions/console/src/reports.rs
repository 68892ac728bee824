//! Published reports, and who may read them now.

use axum::{Router, routing::get};
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::{Value, json};
use shared::{
    delivery::{
        Approval, DataClass, Destination,
        approval::{Terms, Until},
    },
    http::{Answer, Person, Problem},
    store::{connections::Connection, objects::ObjectRecord},
    tenant::Permission,
};

use crate::{
    Console, layout,
    orgs::{self, label_of},
};

/// What a report comes as.
const CLASSES: [DataClass; 2] = [DataClass::Report, DataClass::FindingsSanitized];

pub(crate) fn routes() -> Router<Console> {
    Router::new().route("/reports", get(list))
}

async fn list(person: Person) -> Result<Answer, Problem> {
    person.require(Permission::ReportsView)?;
    let orgs = orgs::of_customer(&person).await?;
    let store = person.store();
    let mut reports = store.objects(None).await?;
    reports.retain(|object| object.published && CLASSES.contains(&object.class));
    reports.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
    let readers: Vec<Reader> =
        store.approvals().await?.iter().filter_map(|one| Reader::of(one, person.visit.at)).collect();
    let json = json!({
        "reports": reports.iter().map(as_json).collect::<Vec<_>>(),
        "readers": readers.iter().map(Reader::as_json).collect::<Vec<_>>(),
    });
    let body = html! {
        (table(&reports, &orgs))
        (reader_table(&readers, &orgs))
        p { a href="/approvals" { "Approvals" } ": request, approve or revoke a route or a partner's access." }
    };
    Ok(Answer::page(layout::page(&person, "/reports", "Reports", &body), json))
}

fn as_json(object: &ObjectRecord) -> Value {
    json!({
        "id": object.id,
        "org": object.org,
        "scan": object.scan,
        "class": object.class,
        "name": object.file_name(),
        "contentType": object.content_type,
        "size": object.size,
        "sha256": object.sha256,
        "created": object.created,
        "href": format!("/deliveries/{}", object.id),
    })
}

/// Somebody outside the workspace who may read reports now, by an approval in force.
struct Reader {
    approval: String,
    org: String,
    who: String,
    classes: Vec<&'static str>,
    until: Option<Timestamp>,
}

impl Reader {
    fn of(approval: &Approval, now: Timestamp) -> Option<Self> {
        let route = approval.terms.route()?;
        let classes: Vec<_> = CLASSES.into_iter().filter(|class| route.classes.contains(*class)).collect();
        if classes.is_empty() || approval.in_force(now).is_err() {
            return None;
        }
        Some(Self {
            approval: approval.id.to_string(),
            org: route.org.to_string(),
            who: who(&approval.terms, &route.destination),
            classes: classes.into_iter().map(DataClass::key).collect(),
            until: match approval.until {
                Until::At(end) => Some(end),
                Until::Revoked => None,
            },
        })
    }

    fn as_json(&self) -> Value {
        json!({ "approval": self.approval, "org": self.org, "who": self.who, "classes": self.classes,
            "until": self.until })
    }
}

fn who(terms: &Terms, destination: &Destination) -> String {
    match (terms, destination) {
        (Terms::PartnerAccess { partner_name, .. }, Destination::PartnerPush { .. }) => {
            format!("{partner_name}, as a copy")
        }
        (Terms::PartnerAccess { partner_name, .. }, _) => partner_name.clone(),
        (_, Destination::Person { email }) => email.expose(),
        (_, Destination::CustomerBucket { bucket }) => format!("your bucket {}", bucket.bucket),
        (_, Destination::Workspace {}) => "this workspace".to_owned(),
        (_, Destination::PartnerRead { partner } | Destination::PartnerPush { partner, .. }) => {
            partner.to_string()
        }
    }
}

fn table(reports: &[ObjectRecord], orgs: &[Connection]) -> Markup {
    html! {
        @if reports.is_empty() {
            p class="empty" { "No report yet. One appears here when a scan was reviewed and published." }
        } @else {
            table {
                caption { "Published reports, newest first" }
                thead { tr { th scope="col" { "Report" } th scope="col" { "Org" } th scope="col" { "Scan" }
                    th scope="col" { "Made" } th scope="col" { "SHA-256" } } }
                tbody {
                    @for report in reports {
                        tr {
                            th scope="row" { a href=(format!("/deliveries/{}", report.id)) { (report.file_name()) }
                                " · " (report.class.meaning()) }
                            td { (label_of(orgs, report.org.as_str())) }
                            td { a href=(format!("/scans/{}/{}", report.org, report.scan)) { "scan" } }
                            td { (layout::time(report.created)) }
                            td { code { (report.sha256) } }
                        }
                    }
                }
            }
        }
    }
}

fn reader_table(readers: &[Reader], orgs: &[Connection]) -> Markup {
    html! {
        h2 { "Who may read them now" }
        p { "People of this workspace whose role has the permission reports.view. Outside of it only who stands \
            below, each by an approval of yours." }
        @if readers.is_empty() {
            p class="empty" { "Nobody outside this workspace." }
        } @else {
            table {
                caption { "By approvals in force" }
                thead { tr { th scope="col" { "Who" } th scope="col" { "Org" } th scope="col" { "What" }
                    th scope="col" { "Until" } } }
                tbody {
                    @for reader in readers {
                        tr {
                            th scope="row" { a href=(format!("/approvals/{}", reader.approval)) { (reader.who) } }
                            td { (label_of(orgs, &reader.org)) }
                            td { (reader.classes.join(", ")) }
                            td { @match reader.until { Some(end) => (layout::time(end)), None => "revoked" } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        delivery::{
            ApprovalId, PartnerId,
            approval::{AuthContext, Consent, Route, State as At},
        },
        tenant::{Digest, OrgId, Role, TenantId, UserId, principal::Actor, session::Method},
    };

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn approval(classes: &[DataClass], state: At) -> Approval {
        let partner = PartnerId::new("p1");
        let destination = Destination::PartnerRead { partner: partner.clone() };
        let destination_hash = destination.hash().unwrap();
        let classes = classes.iter().copied().collect();
        let route = Route { org: OrgId::new("o-1"), classes, destination, destination_hash };
        let context = AuthContext { method: Method::Saml, idp: None, authn_instant: None, acr: None };
        Approval {
            id: ApprovalId::new("ap-1"),
            tenant: TenantId::new("t1"),
            terms: Terms::PartnerAccess { partner, partner_name: "Partner Example".to_owned(), route },
            not_before: at("2026-03-01T08:00:00Z"),
            until: Until::At(at("2026-04-01T08:00:00Z")),
            requested_by: Actor::User { user: UserId::new("u1") },
            requested_at: at("2026-03-01T08:00:00Z"),
            state,
            consents: vec![Consent {
                user: UserId::new("u2"),
                role: Role::Admin,
                at: at("2026-03-01T09:00:00Z"),
                text_sha256: Digest::of(b"text"),
                context,
            }],
            ended: None,
            epoch: 1,
            version: 2,
        }
    }

    #[test]
    fn only_an_approval_in_force_for_a_report_makes_a_reader() {
        let now = at("2026-03-10T08:00:00Z");
        let reader = |classes: &[DataClass], state| Reader::of(&approval(classes, state), now);
        assert_eq!(reader(&[DataClass::Report], At::Live).unwrap().who, "Partner Example");
        assert!(reader(&[DataClass::Report], At::Requested).is_none());
        assert!(reader(&[DataClass::Report], At::Revoking).is_none());
        assert!(reader(&[DataClass::Manifest, DataClass::RawIdentity], At::Live).is_none());
        let late = at("2026-04-02T08:00:00Z");
        assert!(Reader::of(&approval(&[DataClass::Report], At::Live), late).is_none());
    }

    #[test]
    fn nobody_is_said_in_words() {
        let page = html! { (table(&[], &[])) (reader_table(&[], &[])) }.into_string();
        assert!(page.contains("No report yet") && page.contains("Nobody outside"));
    }
}
