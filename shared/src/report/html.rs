//! The report for people, as one file: no script, no picture and no address from outside.
//!
//! Its one rule: every value goes through maud's escaping.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    Report, Sanitized,
    model::{AreaPosture, Counts, FrameworkPosture, Item},
};
use crate::assessment::{Severity, Status, lifecycle::State};

/// The style sheet, embedded in the page.
const STYLE: &str = include_str!("report.css");

/// The full edition.
pub fn render(report: &Report) -> String {
    let scope = &report.scope;
    page(&html! {
        header {
            h1 { "Okta security assessment" }
            p { (scope.org_url) ", as read on " (date(scope.sealed_at)) }
        }
        (headline(report.method.coverage_percent, report.findings.len()))
        section aria-labelledby="scope" {
            h2 id="scope" { "Scope and consent" }
            dl {
                dt { "Org" } dd { (scope.org_url) " (" (scope.okta_org_id) ")" }
                dt { "Read" } dd { (scope.started_at) " to " (scope.sealed_at) }
                dt { "Approved by" } dd { (scope.consent.approved_by) " at " (scope.consent.approved_at) ", approval " (scope.consent.approval) }
                dt { "Permissions used" } dd { (scope.oauth_scopes.join(", ")) " (reading only)" }
                dt { "Sealed snapshot" } dd { code { (scope.manifest_sha256) } ", scan " (scope.scan) }
            }
        }
        (method(report))
        (posture(&report.posture))
        section aria-labelledby="risks" {
            h2 id="risks" { "Top risks" }
            @if report.findings.is_empty() { p { "No open findings." } }
            ol { @for item in report.top_risks() { li { (severity(item.finding.severity)) " " a href={ "#" (item.finding.id) } { (item.title) } } } }
        }
        section aria-labelledby="findings" {
            h2 id="findings" { "Findings" }
            @for item in &report.findings { (finding(item)) }
        }
        section aria-labelledby="steps" {
            h2 id="steps" { "Remediation sequence" }
            ol { @for m in &report.remediation { li { (severity(m.severity)) " " strong { (m.rule) } " " (m.fix) " (" (m.findings) " open)" } } }
        }
        (matrix(&report.frameworks, report.mapping_note))
        section aria-labelledby="evidence" {
            h2 id="evidence" { "Evidence index" }
            table {
                caption { "Parts of the sealed snapshot. A finding's evidence names a part, a line and a pointer." }
                thead { tr { th scope="col" { "Part" } th scope="col" { "Resource" } th scope="col" { "Rows" } th scope="col" { "SHA-256" } } }
                tbody { @for e in &report.evidence { tr { td { code { (e.part) } } td { (e.resource) } td { (e.rows) } td { code { (e.sha256) } } } } }
            }
        }
    })
}

/// The sanitized edition.
pub fn render_sanitized(report: &Sanitized) -> String {
    page(&html! {
        header {
            h1 { "Okta security assessment: summary" }
            p { (report.org) ", as read on " (date(report.sealed_at)) ". Counts only; names are pseudonyms of this recipient." }
        }
        (headline(report.coverage_percent, report.findings.iter().map(|l| l.findings.len()).sum()))
        (posture(&report.posture))
        section aria-labelledby="findings" {
            h2 id="findings" { "Findings" }
            table {
                thead { tr { th scope="col" { "Rule" } th scope="col" { "Severity" } th scope="col" { "What should be so" } th scope="col" { "Findings" } th scope="col" { "Things concerned" } } }
                tbody { @for l in &report.findings {
                    tr { th scope="row" { (l.rule) } td { (severity(l.severity)) } td { (l.title) } td { (l.findings.len()) } td { (l.things) } }
                } }
            }
        }
        (matrix(&report.frameworks, report.mapping_note))
    })
}

fn page(body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { "Okta security assessment" }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    }
    .into_string()
}

fn headline(coverage: Option<u32>, open: usize) -> Markup {
    html! {
        p.headline {
            @match coverage {
                Some(percent) => { strong { (percent) " %" } " of the rules that apply could be judged. " }
                None => { strong { "No rule" } " could be applied. " }
            }
            strong { (open) } " findings are open. Each is a potential risk until the customer has decided."
        }
    }
}

fn method(report: &Report) -> Markup {
    let m = &report.method;
    html! {
        section aria-labelledby="method" {
            h2 id="method" { "Method and limits" }
            p {
                "The org's configuration was read through its management API with " (m.calls) " calls, sealed, and judged by rule library " (m.rule_library) ". "
                (m.coverage.judged) " of " (m.coverage.applicable) " applicable rules were judged. What could not be read is never counted as passed."
            }
            @if !m.limits.is_empty() {
                h3 { "Not read completely" }
                ul { @for l in &m.limits { li { (l.resource) ": " (status(&l.status)) } } }
            }
            @if !m.unjudged.is_empty() {
                h3 { "Rules without a judgement" }
                table {
                    thead { tr { th scope="col" { "Rule" } th scope="col" { "Outcome" } th scope="col" { "Reason" } } }
                    tbody { @for u in &m.unjudged { tr { th scope="row" { (u.rule) " " (u.title) } td { (words(u.outcome)) } td { (u.reason) } } } }
                }
            }
        }
    }
}

fn posture(areas: &[AreaPosture]) -> Markup {
    html! {
        section aria-labelledby="posture" {
            h2 id="posture" { "Posture by area" }
            table {
                thead { tr {
                    th scope="col" { "Area" } th scope="col" { "Passed" } th scope="col" { "Failed" }
                    th scope="col" { "By hand" } th scope="col" { "Not verifiable" } th scope="col" { "Not applicable" }
                } }
                tbody { @for AreaPosture { name, counts, .. } in areas {
                    @let Counts { pass, fail, manual, unverifiable, not_applicable } = counts;
                    tr { th scope="row" { (name) } td { (pass) } td { (fail) } td { (manual) } td { (unverifiable) } td { (not_applicable) } }
                } }
            }
        }
    }
}

fn finding(Item { finding, title, why, fix }: &Item) -> Markup {
    html! {
        article id=(finding.id) {
            h3 { (finding.rule) " " (title) }
            p { (severity(finding.severity)) " " (state(&finding.state)) ". Concerns " (finding.resource) "." }
            p { (why) }
            p { strong { "What to do: " } (fix) }
            table {
                caption { (finding.hit_count) " observations" @if finding.hit_count > finding.hits.len() as u64 { ", the first " (finding.hits.len()) " here" } }
                thead { tr { th scope="col" { "Object" } th scope="col" { "Expected" } th scope="col" { "Found" } th scope="col" { "Evidence" } } }
                tbody { @for h in &finding.hits {
                    tr { td { (h.resource_kind) " " code { (h.resource_id) } } td { (h.want) } td { (h.got) } td { code { (h.pointer) } } }
                } }
            }
        }
    }
}

fn matrix(frameworks: &[FrameworkPosture], note: &str) -> Markup {
    html! {
        section aria-labelledby="frameworks" {
            h2 id="frameworks" { "Framework matrix" }
            p.note { (note) }
            @for f in frameworks {
                table {
                    caption { (f.name) }
                    thead { tr { th scope="col" { "Control" } th scope="col" { "Worst outcome" } th scope="col" { "Rules" } } }
                    tbody { @for c in &f.controls { tr { th scope="row" { (c.control) } td { (words(c.outcome)) } td { (c.rules.join(", ")) } } } }
                }
            }
        }
    }
}

fn severity(severity: Severity) -> Markup {
    html! { span.severity.(severity.word()) { (severity.word()) } }
}

fn state(state: &State) -> Markup {
    match state {
        State::Accepted { owner, expires } => html! { "Accepted by " (owner) " until " (date(*expires)) },
        other => html! { (words(other.word())) },
    }
}

fn status(status: &Status) -> String {
    match status {
        Status::Complete => "complete".to_owned(),
        Status::Partial(reason) => format!("in part ({reason})"),
        Status::DeniedScope => "the scope was not granted".to_owned(),
        Status::DeniedRole => "the app's admin role does not show it".to_owned(),
        Status::FeatureAbsent => "the org does not have it".to_owned(),
    }
}

/// `not_applicable` as "not applicable".
fn words(key: &str) -> String {
    key.replace('_', " ")
}

fn date(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use secrecy::SecretSlice;

    use super::*;
    use crate::report::{model::tests::report, sanitized};

    #[test]
    fn the_same_report_gives_the_same_page() {
        assert_eq!(render(&report()), render(&report()));
    }

    #[test]
    fn nothing_in_the_data_becomes_markup() {
        let mut report = report();
        let evil = "</style><script>alert(1)</script>\"' onload=x";
        report.scope.consent.approved_by = evil.into();
        report.findings[0].finding.hits[0].got = evil.into();
        report.findings[0].finding.resource = evil.into();
        let page = render(&report);
        assert!(!page.contains("<script") && !page.contains("\"' onload"));
        assert_eq!(page.matches("</style>").count(), 1);
    }

    #[test]
    fn it_loads_nothing_and_says_what_it_must() {
        let names = sanitized::Pseudonyms::new(&SecretSlice::from(vec![7; 32]), "p");
        for page in [render(&report()), render_sanitized(&sanitized::render(&report(), &names))] {
            for outside in ["<script", "<img", "<link", "src=", "style=", "@import", "url("] {
                assert!(!page.contains(outside), "{outside}");
            }
            assert!(
                page.contains("working draft")
                    && page.contains("potential risk")
                    && page.contains("lang=\"en\"")
            );
            for claim in ["endorsed", "certified by", "partner of Okta"] {
                assert!(!page.to_lowercase().contains(claim), "{claim}");
            }
        }
    }

    #[test]
    fn the_sanitized_page_names_nobody() {
        let names = sanitized::Pseudonyms::new(&SecretSlice::from(vec![7; 32]), "p");
        let page = render_sanitized(&sanitized::render(&report(), &names));
        for secret in ["acme", "00oExample", "token-1", "sponsor@example.com", "scan-1"] {
            assert!(!page.contains(secret), "{secret}");
        }
    }
}
