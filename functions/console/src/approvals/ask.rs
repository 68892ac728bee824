//! A request for an approval, from a form or as JSON.
//!
//! One rule: what the approver will read as a fact (the org's address, the scopes, the partner's name) comes from
//! our own records, not from the person who asks.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use shared::{
    delivery::{
        ClassSet, DataClass, Destination, PartnerId,
        approval::{Route, Terms, Until},
    },
    http::{Person, Problem},
    okta::{OrgUrl, endpoints},
    store::{approvals::Asked, connections::Connection},
    tenant::{OrgId, Workspace, WorkspaceKind},
};

use crate::{Console, orgs};

/// What evidence and partner access lasts unless asked otherwise.
const DEFAULT_DAYS: i64 = 90;

/// What a person asks for. Which fields are needed depends on the kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    kind: Kind,
    /// The Okta org's id: for all kinds but `scim`.
    org: Option<String>,
    /// For `scim` alone: where people come from.
    okta_url: Option<String>,
    /// Data classes: a list, or their names with commas or spaces between.
    classes: Option<Words>,
    /// The partner's subdomain: for `partner_access`.
    partner: Option<String>,
    /// For how many days from now.
    days: Option<Days>,
}

/// Deliveries to a bucket or to a person outside are not among them while nothing delivers there: nobody shall approve
/// what has no effect.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    ApiAccess,
    FirstScan,
    Scim,
    PartnerAccess,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    List(Vec<String>),
    Text(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Days {
    Number(i64),
    Text(String),
}

impl Ask {
    /// The request that this asks for, with its facts filled in.
    pub(super) async fn read(self, console: &Console, person: &Person) -> Result<Asked, Problem> {
        let terms = match self.kind {
            Kind::ApiAccess => {
                let Connection { org, okta_url, .. } = self.connection(person).await?;
                let scopes = endpoints::scopes().into_iter().map(ToOwned::to_owned).collect();
                Terms::ApiAccess { org, okta_url, scopes }
            }
            Kind::FirstScan => {
                let Connection { org, okta_url, .. } = self.connection(person).await?;
                Terms::FirstScan { org, okta_url }
            }
            Kind::Scim => {
                let given = given(self.okta_url.as_deref(), "okta_url")?;
                let url = OrgUrl::parse_with(given, &console.extra_okta_origins).map_err(orgs::bad_url)?;
                Terms::Scim { okta_url: url.as_str().to_owned() }
            }
            Kind::PartnerAccess => {
                let firm = partner(console, given(self.partner.as_deref(), "partner")?).await?;
                let partner = PartnerId::new(firm.tenant.as_str());
                let destination = Destination::PartnerRead { partner: partner.clone() };
                let route = self.route(person, destination).await?;
                Terms::PartnerAccess { partner, partner_name: firm.name, route }
            }
        };
        let now = person.visit.at;
        let until = self.until(now)?;
        Ok(Asked { terms, not_before: now, until, requested_by: person.principal.actor() })
    }

    async fn connection(&self, person: &Person) -> Result<Connection, Problem> {
        let org = OrgId::new(given(self.org.as_deref(), "org")?);
        person.store().connection(&org).await?.ok_or_else(|| {
            wrong("There is no Okta org with that id in this workspace. Add it at /orgs first.".to_owned())
        })
    }

    async fn route(&self, person: &Person, destination: Destination) -> Result<Route, Problem> {
        let org = self.connection(person).await?.org;
        let words: Vec<&str> = match &self.classes {
            None => return Err(wrong("Give classes: the kinds of data, by name.".to_owned())),
            Some(Words::List(list)) => list.iter().map(String::as_str).collect(),
            Some(Words::Text(text)) => text.split([',', ' ']).filter(|word| !word.is_empty()).collect(),
        };
        let classes = words.into_iter().map(DataClass::from_key).collect::<Option<ClassSet>>();
        let classes = classes.ok_or_else(|| {
            let known = DataClass::ALL.map(DataClass::key).join(", ");
            wrong(format!("A data class is unknown. Known are {known}."))
        })?;
        let destination_hash = destination.hash().ok_or_else(Problem::internal)?;
        Ok(Route { org, classes, destination, destination_hash })
    }

    fn until(&self, now: Timestamp) -> Result<Until, Problem> {
        let open = matches!(self.kind, Kind::ApiAccess | Kind::FirstScan | Kind::Scim);
        let days = match &self.days {
            Some(Days::Number(days)) => Some(*days),
            Some(Days::Text(text)) if text.trim().is_empty() => None,
            Some(Days::Text(text)) => Some(
                text.trim().parse().map_err(|_| wrong("In days: give a whole number of days.".to_owned()))?,
            ),
            None => None,
        };
        match days {
            None if open => Ok(Until::Revoked),
            days => {
                let days = days.unwrap_or(DEFAULT_DAYS);
                let end = (1..=3650).contains(&days).then(|| SignedDuration::from_hours(days * 24));
                let end = end.and_then(|length| now.checked_add(length).ok());
                end.map(Until::At).ok_or_else(|| wrong("In days: give 1 to 3650 days.".to_owned()))
            }
        }
    }
}

/// The partner's own workspace: the firm is who signs in there.
async fn partner(console: &Console, subdomain: &str) -> Result<Workspace, Problem> {
    let partner = console.door.workspaces.active(WorkspaceKind::Partner, subdomain).await?;
    let next = "There is no partner at that subdomain. Ask your operator to invite them.";
    partner.ok_or_else(|| wrong(next.to_owned()))
}

fn given<'a>(value: Option<&'a str>, field: &str) -> Result<&'a str, Problem> {
    let value = value.map(str::trim).filter(|value| !value.is_empty());
    value.ok_or_else(|| wrong(format!("This kind needs the field {field}.")))
}

fn wrong(next: String) -> Problem {
    Problem::bad_request("approval.request", "This cannot be asked for.", next)
}
