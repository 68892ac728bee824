//! One finding: what was seen, why it matters, what to do, what it speaks to, what happened to it.

use maud::{Markup, html};
use serde_json::{Value, json};
use shared::{
    assessment::{
        Confidence, Finding,
        lifecycle::{Actor, State as At},
        rule::Rule,
        rules,
    },
    http::{Answer, Person, Problem},
    report::model::MAPPING_NOTE,
    store::findings::FindingRecord,
    tenant::{OrgId, Permission},
};

use super::{decide, is_visible, list::title, severity_class};
use crate::{ask::Ids, layout, orgs};

pub(super) async fn show(person: Person, Ids([org, finding]): Ids<2>) -> Result<Answer, Problem> {
    person.require(Permission::FindingsView)?;
    let finding = find(&person, org, &finding).await?.finding;
    let form = person.principal.may(Permission::FindingsTriage).then(|| decide::form(&finding));
    let body = html! {
        (view(&finding))
        @if let Some(form) = form { (form) }
        (history(&finding))
    };
    let heading = format!("{} {}", finding.rule, title(&finding));
    Ok(Answer::page(layout::page(&person, "/findings", &heading, &body), as_json(&finding)))
}

/// The finding, if this person may see it: what is not visible is not there.
pub(super) async fn find(person: &Person, org: String, id: &str) -> Result<FindingRecord, Problem> {
    orgs::customers_only(person)?;
    let record = person.store().finding(&OrgId::new(org), id).await?;
    record.filter(|record| is_visible(&record.finding, person)).ok_or_else(Problem::not_found)
}

pub(super) fn as_json(finding: &Finding) -> Value {
    let rule = rules::find(&finding.rule);
    json!({
        "finding": finding,
        "title": title(finding),
        "why": rule.map(|rule| rule.why),
        "fix": rule.map(|rule| rule.fix),
        "controls": rule.map(|rule| rule.controls),
        "mappingNote": MAPPING_NOTE,
    })
}

/// All but the history and the decision: what an operator reviews too.
pub(crate) fn view(finding: &Finding) -> Markup {
    html! {
        p {
            span class=(severity_class(finding.severity)) { (finding.severity.word()) }
            " · " @match finding.confidence {
                Confidence::Confirmed => "confirmed",
                Confidence::Estimated => "estimated: a sample, or a sign that needs a look",
            }
            " · " (standing(&finding.state))
        }
        (evidence(finding))
        @if let Some(rule) = rules::find(&finding.rule) { (advice(rule)) }
    }
}

fn standing(state: &At) -> Markup {
    html! {
        @match state {
            At::Draft => "draft: the operator has yet to judge it",
            At::Confirmed => "confirmed by the operator, not published yet",
            At::Dismissed => "dismissed by the operator",
            At::Published => "published: a potential risk until you decide",
            At::Remediating => "being remediated",
            At::Accepted { owner, expires } => { "accepted by " (owner) " until " (layout::time(*expires)) },
            At::Disputed => "disputed: the operator looks again",
            At::Resolved => "resolved: a later scan did not find it",
            At::Regressed => "regressed: it came back",
        }
    }
}

fn evidence(finding: &Finding) -> Markup {
    html! {
        h2 { "Evidence" }
        p { "About " code { (finding.resource) } ", last seen by the scan "
            a href=(format!("/scans/{}/{}", finding.org, finding.scan)) { (finding.scan) } "." }
        table {
            caption {
                (finding.hit_count) " seen"
                @if finding.hit_count > finding.hits.len() as u64 { ", the first " (finding.hits.len()) " shown" }
            }
            thead { tr { th scope="col" { "Resource" } th scope="col" { "Wanted" } th scope="col" { "Got" }
                th scope="col" { "Where in the snapshot" } } }
            tbody {
                @for hit in &finding.hits {
                    tr {
                        th scope="row" { (hit.resource_kind) " " code { (hit.resource_id) } }
                        td { (hit.want) }
                        td { (hit.got) }
                        td { code { (hit.pointer) } }
                    }
                }
            }
        }
    }
}

fn advice(rule: &Rule) -> Markup {
    html! {
        h2 { "Why it matters" }
        p { (rule.why) }
        h2 { "What to do" }
        p { (rule.fix) }
        @if !rule.references.is_empty() {
            ul { @for reference in rule.references { li { code { (reference) } } } }
        }
        @if !rule.controls.is_empty() {
            h2 { "Controls" }
            p class="warn" { (MAPPING_NOTE) }
            table {
                caption { "What this rule speaks to (working draft)" }
                thead { tr { th scope="col" { "Framework" } th scope="col" { "Control" } } }
                tbody {
                    @for control in rule.controls { tr { td { (control.framework.name()) } td { (control.id) } } }
                }
            }
        }
    }
}

pub(crate) fn history(finding: &Finding) -> Markup {
    html! {
        h2 { "History" }
        table {
            caption { "Every step, oldest first" }
            thead { tr { th scope="col" { "When" } th scope="col" { "State" } th scope="col" { "By" }
                th scope="col" { "Why" } } }
            tbody {
                @for step in &finding.history {
                    tr {
                        td { (layout::time(step.at)) }
                        td { (step.state.word()) }
                        td { @match &step.by {
                            Actor::Operator(id) => { "operator " code { (id) } },
                            Actor::Customer(id) => { "user " code { (id) } },
                            Actor::Scan(id) => { "scan " code { (id) } },
                        } }
                        td { (step.why) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::finding, *};

    #[test]
    fn evidence_shows_want_and_got_and_how_much_is_left_out() {
        let mut finding = finding("TOK-02", "t1");
        finding.hit_count = 250;
        let page = view(&finding).into_string();
        for want in
            ["wanted-value", "got-value", "api-tokens#1/x", "250 seen, the first 1 shown", "working draft"]
        {
            assert!(page.contains(want), "{want} in {page}");
        }
    }

    #[test]
    fn what_an_org_answered_is_text() {
        let mut finding = finding("TOK-02", "<img src=x>");
        finding.hits[0].got = "<script>".to_owned();
        let page = html! { (view(&finding)) (history(&finding)) }.into_string();
        assert!(!page.contains("<script>") && !page.contains("<img"));
    }

    #[test]
    fn a_finding_whose_rule_is_gone_is_still_shown() {
        let finding = finding("OLD-99", "t1");
        assert!(view(&finding).into_string().contains("got-value"));
        assert_eq!(as_json(&finding)["why"], Value::Null);
    }
}
