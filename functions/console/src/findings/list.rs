//! The list: filters in the address, a hundred to a page.

use std::fmt::Write;

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    assessment::{Confidence, Finding, Severity, lifecycle::State, rules},
    http::{Answer, Person, Problem},
    store::{connections::Connection, findings::FindingFilter},
    tenant::Permission,
};

use super::{is_visible, severity_class, worst_first};
use crate::{
    ask::Params,
    layout,
    orgs::{self, label_of},
};

const PAGE: usize = 100;

/// An empty filter, as a form sends it, is none.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    org: String,
    state: String,
    severity: String,
    rule: String,
    /// How many to leave out: the pages before.
    skip: usize,
}

impl Wanted {
    /// What the store is asked for; unknown words are refused, not taken for "none".
    fn filter(&self) -> Result<FindingFilter, Problem> {
        let severity = Severity::ALL.into_iter().find(|severity| severity.word() == self.severity);
        let known = (self.state.is_empty() || State::WORDS.contains(&self.state.as_str()))
            && (self.severity.is_empty() || severity.is_some())
            && (self.rule.is_empty() || rules::find(&self.rule).is_some());
        if !known {
            let next = "Choose from the lists above the findings; a rule is named as in its findings, such as TOK-02.";
            return Err(Problem::bad_request("filter", "There is no such state, severity or rule.", next));
        }
        let set = |text: &String| (!text.is_empty()).then(|| text.clone());
        Ok(FindingFilter {
            states: set(&self.state).into_iter().collect(),
            severity,
            rule: set(&self.rule),
            open: false,
        })
    }

    /// The address of another page of the same list.
    fn page(&self, skip: usize) -> String {
        let mut path = "/findings?".to_owned();
        for (name, value) in
            [("org", &self.org), ("state", &self.state), ("severity", &self.severity), ("rule", &self.rule)]
        {
            if !value.is_empty() {
                // Known words and ids only: nothing that would need escaping.
                let _ = write!(path, "{name}={value}&");
            }
        }
        let _ = write!(path, "skip={skip}");
        path
    }
}

pub(super) async fn list(person: Person, Params(wanted): Params<Wanted>) -> Result<Answer, Problem> {
    person.require(Permission::FindingsView)?;
    let orgs = orgs::of_customer(&person).await?;
    let filter = wanted.filter()?;
    if !wanted.org.is_empty() && orgs.iter().all(|org| org.org.as_str() != wanted.org) {
        return Err(Problem::not_found());
    }
    let store = person.store();
    let mut findings = Vec::new();
    for org in orgs.iter().filter(|org| wanted.org.is_empty() || org.org.as_str() == wanted.org) {
        findings.extend(store.findings(&org.org, &filter).await?.into_iter().map(|record| record.finding));
    }
    findings.retain(|finding| is_visible(finding, &person));
    worst_first(&mut findings);
    let total = findings.len();
    let shown: Vec<Finding> = findings.into_iter().skip(wanted.skip).take(PAGE).collect();
    let end = wanted.skip.saturating_add(shown.len());
    let next = (end < total).then(|| wanted.page(end));
    let json = json!({
        "total": total,
        "findings": shown.iter().map(line_json).collect::<Vec<_>>(),
        "next": next,
    });
    let body = html! {
        (filters(&wanted, &orgs))
        (table(&shown, &orgs, total))
        @if let Some(next) = &next { p { a href=(next) { "Next page" } } }
    };
    Ok(Answer::page(layout::page(&person, "/findings", "Findings", &body), json))
}

fn line_json(finding: &Finding) -> Value {
    json!({
        "id": finding.id,
        "org": finding.org,
        "rule": finding.rule,
        "title": title(finding),
        "resource": finding.resource,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "state": finding.state.word(),
        "hits": finding.hit_count,
        "scan": finding.scan,
    })
}

/// What the rule wants; an old finding's rule can be gone from the library.
pub(crate) fn title(finding: &Finding) -> &str {
    rules::find(&finding.rule).map_or("A rule that is no longer in the library", |rule| rule.title)
}

fn filters(wanted: &Wanted, orgs: &[Connection]) -> Markup {
    html! {
        form class="stack" method="get" action="/findings" {
            @if orgs.len() > 1 {
                label { "Org" select name="org" {
                    option value="" { "all" }
                    @for org in orgs {
                        option value=(org.org) selected[wanted.org == org.org.as_str()] { (org.label) }
                    }
                } }
            }
            label { "State" select name="state" {
                option value="" { "all" }
                @for state in State::WORDS { option selected[wanted.state == state] { (state) } }
            } }
            label { "Severity" select name="severity" {
                option value="" { "all" }
                @for severity in Severity::ALL.map(Severity::word) {
                    option selected[wanted.severity == severity] { (severity) }
                }
            } }
            label { "Rule" input name="rule" value=(wanted.rule) autocomplete="off" maxlength="12"; }
            button type="submit" { "Show" }
        }
    }
}

fn table(findings: &[Finding], orgs: &[Connection], total: usize) -> Markup {
    html! {
        @if findings.is_empty() {
            p class="empty" { "No finding here. Findings appear when a scan was reviewed and published." }
        } @else {
            table {
                caption { (total) " findings, worst first. A finding is a potential risk until you decide." }
                thead { tr { th scope="col" { "Severity" } th scope="col" { "Finding" } th scope="col" { "About" }
                    th scope="col" { "Org" } th scope="col" { "State" } } }
                tbody {
                    @for finding in findings {
                        tr {
                            td class=(severity_class(finding.severity)) { (finding.severity.word())
                                @if finding.confidence == Confidence::Estimated { " (estimated)" } }
                            th scope="row" {
                                a href=(format!("/findings/{}/{}", finding.org, finding.id)) {
                                    (finding.rule) " " (title(finding))
                                }
                            }
                            td { code { (finding.resource) } " · " (finding.hit_count) " seen" }
                            td { (label_of(orgs, &finding.org)) }
                            td { (finding.state.word()) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(state: &str, severity: &str, rule: &str) -> Wanted {
        let [state, severity, rule] = [state, severity, rule].map(str::to_owned);
        Wanted { state, severity, rule, ..Wanted::default() }
    }

    #[test]
    fn an_empty_filter_takes_all_and_a_set_one_what_it_says() {
        let none = wanted("", "", "").filter().unwrap();
        assert!(none.states.is_empty() && none.severity.is_none() && none.rule.is_none());
        let all = wanted("draft", "high", "TOK-02").filter().unwrap();
        assert_eq!(
            (all.states, all.severity, all.rule),
            (vec!["draft".into()], Some(Severity::High), Some("TOK-02".into()))
        );
    }

    #[test]
    fn unknown_filters_are_refused_and_known_ones_come_back_in_the_next_page() {
        assert_eq!(wanted("draft", "", "TOK-02").page(100), "/findings?state=draft&rule=TOK-02&skip=100");
        for bad in [wanted("x", "", ""), wanted("", "x", ""), wanted("", "", "x&y")] {
            assert_eq!(bad.filter().unwrap_err().code, "filter");
        }
    }
}
