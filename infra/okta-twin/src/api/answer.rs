//! From an endpoint and a query to a body.

use std::sync::Arc;

use serde_json::{Value, json};

use super::access::Caller;
use super::endpoints::{Endpoint, Shape};
use super::error::ApiError;
use super::page;
use super::query::{Filter, Query, project};
use crate::org::{Catalog, Row, id, login};
use crate::service;
use crate::state::{App, locked, read};

/// A search stops here, with an error.
const SEARCH_DEPTH: usize = 50_000;

pub(crate) struct Answer {
    pub(crate) body: Value,
    pub(crate) next: Option<String>,
}

pub(crate) fn answer(
    app: &App,
    caller: &Caller,
    endpoint: &Endpoint,
    path: &str,
    query: &Query,
) -> Result<Answer, ApiError> {
    let (key, limits) = match endpoint.shape {
        Shape::One => {
            let row = one(app, path).filter(|row| visible(caller, endpoint, row));
            let row = row.ok_or(ApiError::NotFound("no such object"))?;
            return Ok(Answer { body: finish(&read(&app.org), endpoint, query, &row), next: None });
        }
        Shape::Array { default, max } => (None, (default, max)),
        Shape::Wrapped { key, default, max } => (Some(key), (default, max)),
    };
    let limits = if query.get("expand").as_deref() == Some("stats") { (200, 200) } else { limits };
    let rows = list(app, endpoint, path).ok_or(ApiError::NotFound("no such object"))?;
    let selection = Selection::new(endpoint, query)?;
    let keeps = |row: &Row| visible(caller, endpoint, row) && selection.keeps(row);
    let page = page::cut(&rows, keeps, path, query, limits)?;
    if selection.searched && page.next.is_some() && page.end >= SEARCH_DEPTH {
        return Err(ApiError::InvalidSearch);
    }
    let org = read(&app.org);
    let rows: Vec<Value> = page.rows.into_iter().map(|row| finish(&org, endpoint, query, row)).collect();
    // A log that is polled (no `until`) always has a next page: what is yet to happen.
    let polled = endpoint.template == "/api/v1/logs" && query.get("until").is_none();
    let next = if polled { Some(page.tail) } else { page.next };
    let Some(key) = key else { return Ok(Answer { body: Value::Array(rows), next }) };
    let mut links =
        json!({ "self": { "href": page::url(&app.base_url, path, query, query.get("after").as_deref()) } });
    if let Some(after) = &next {
        links["next"] = json!({ "href": page::url(&app.base_url, path, query, Some(after)) });
    }
    Ok(Answer { body: json!({ key: rows, "_links": links }), next })
}

/// The org's own documents, and those of the service apps that were registered meanwhile.
fn one(app: &App, path: &str) -> Option<Row> {
    let found = read(&app.org).one(path);
    found.or_else(|| {
        let client = path.strip_prefix("/api/v1/apps/")?;
        let service = locked(&app.config).service_apps.get(client).cloned()?;
        Some(Arc::new(service::document(app, &service)))
    })
}

fn list(app: &App, endpoint: &Endpoint, path: &str) -> Option<Vec<Row>> {
    let services = locked(&app.config).service_apps.clone();
    if let Some(rows) = service::list(app, &services, path) {
        return Some(rows);
    }
    let rows = read(&app.org).list(path);
    // A list of its own may be empty; a list of something (`apps/{}/users`) needs the something.
    let of_something = endpoint.template.rsplit_once('/').is_some_and(|(owner, _)| owner.ends_with("{}"));
    let mut rows = if of_something { rows? } else { rows.unwrap_or_default() };
    if path == "/api/v1/apps" {
        rows.extend(services.values().map(|service| Arc::new(service::document(app, service))));
    }
    Some(rows)
}

/// Okta's own two apps are hidden from everyone below Super Admin.
fn visible(caller: &Caller, endpoint: &Endpoint, row: &Value) -> bool {
    let first_party = matches!(row["name"].as_str(), Some("saasure" | "okta_enduser"));
    caller.is_super() || !first_party || !endpoint.template.starts_with("/api/v1/apps")
}

/// Which rows of a list a query asks for.
struct Selection {
    filters: Vec<Filter>,
    type_is: Option<String>,
    starts_with: Option<String>,
    published: (Option<String>, Option<String>),
    hide_deprovisioned: bool,
    searched: bool,
}

impl Selection {
    fn new(endpoint: &Endpoint, query: &Query) -> Result<Self, ApiError> {
        let users = endpoint.template == "/api/v1/users";
        let policies = endpoint.template == "/api/v1/policies";
        if policies && query.get("type").is_none() {
            return Err(ApiError::BadRequest("type: The field is required"));
        }
        let search = query.get("search");
        let expressions: Vec<String> = [search.clone(), query.get("filter")].into_iter().flatten().collect();
        let logs = endpoint.template == "/api/v1/logs";
        Ok(Self {
            hide_deprovisioned: users && expressions.is_empty(),
            filters: expressions.iter().map(|text| Filter::parse(text)).collect::<Result<_, _>>()?,
            type_is: query.get("type").filter(|_| policies || endpoint.template == "/api/v1/idps"),
            starts_with: query.get("q").map(|text| text.to_lowercase()),
            published: if logs { (query.get("since"), query.get("until")) } else { (None, None) },
            searched: search.is_some(),
        })
    }

    fn keeps(&self, row: &Value) -> bool {
        let since = self.published.0.as_deref().is_none_or(|since| row["published"].as_str() >= Some(since));
        let until = self.published.1.as_deref().is_none_or(|until| row["published"].as_str() < Some(until));
        let kind = self.type_is.as_deref().is_none_or(|kind| row["type"].as_str() == Some(kind));
        let named = self.starts_with.as_deref().is_none_or(|start| {
            let names =
                [row["label"].as_str(), row["name"].as_str(), row["profile"]["name"].as_str(), login(row)];
            names.into_iter().flatten().any(|name| name.to_lowercase().starts_with(start))
        });
        let alive = !self.hide_deprovisioned || row["status"].as_str() != Some("DEPROVISIONED");
        since && until && kind && named && alive && self.filters.iter().all(|filter| filter.matches(row))
    }
}

/// Adds what `expand` asks for and leaves out what `fields` does not.
fn finish(org: &Catalog, endpoint: &Endpoint, query: &Query, row: &Value) -> Value {
    let mut row = row.clone();
    let expand = query.get("expand");
    if endpoint.template == "/api/v1/groups"
        && expand.as_deref() == Some("stats")
        && let Some(stats) = org.stats.get(id(&row))
    {
        row["_embedded"] = json!({ "stats": stats });
    }
    if endpoint.template.starts_with("/api/v1/devices")
        && expand.is_none()
        && let Value::Object(device) = &mut row
    {
        device.shift_remove("_embedded");
    }
    match query.get("fields").filter(|_| endpoint.template.starts_with("/api/v1/users")) {
        Some(fields) => project(&row, &fields),
        None => row,
    }
}
