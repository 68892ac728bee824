//! What the reviewing operator sees.

use maud::{Markup, html};
use shared::{
    assessment::lifecycle::State,
    store::{
        connections::Connection,
        findings::FindingRecord,
        scans::{ScanRecord, ScanState},
    },
};

use crate::{
    findings::{self, show},
    layout, scans,
};

/// Findings on one page; the rest follow as these are decided.
const SHOWN: usize = 50;

pub(super) fn customer(customer: &str, orgs: &[(Connection, Vec<ScanRecord>)]) -> Markup {
    html! {
        @if orgs.is_empty() {
            p class="empty" { "No org of this customer lets operators in: no first-scan approval is in force." }
        }
        @for (org, scans) in orgs {
            h2 { (org.label) " " code { (org.okta_url) } }
            @if scans.is_empty() {
                p class="empty" { "No scan yet." }
            } @else {
                table {
                    caption { "Scans of " (org.label) ", newest first" }
                    thead { tr { th scope="col" { "Begun" } th scope="col" { "State" } th scope="col" { "Coverage" }
                        th scope="col" { "Findings" } th scope="col" { "Published" } } }
                    tbody {
                        @for scan in scans {
                            tr {
                                th scope="row" { a href=(format!("/review/{customer}/{}/{}", org.org, scan.id)) {
                                    (layout::time(scan.created)) } }
                                td { (scan.state.word()) }
                                td { (scans::coverage(scan)) }
                                td { (scan.findings.total()) }
                                td { @match scan.published { Some(at) => (layout::time(at)), None => "not yet" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `newer` is the review of the org's newest judged scan, if that is another one.
pub(super) fn scan(path: &str, scan: &ScanRecord, newer: Option<&str>, findings: &[FindingRecord]) -> Markup {
    let of = |state: State| findings.iter().filter(move |record| record.finding.state == state);
    let (drafts, confirmed) = (of(State::Draft).count(), of(State::Confirmed).count());
    html! {
        (scans::progress(scan))
        @if scan.state == ScanState::Judged {
            (scans::numbers(scan))
            @match newer {
                Some(newer) => (superseded(path, scan, newer)),
                None => (publication(path, scan, drafts, confirmed)),
            }
        }
        (to_decide(path, "Drafts", of(State::Draft), drafts))
        @if drafts > 0 { (all(path)) }
        (to_decide(path, "Disputed by the customer", of(State::Disputed), of(State::Disputed).count()))
        (others(findings))
    }
}

fn superseded(path: &str, scan: &ScanRecord, newer: &str) -> Markup {
    html! {
        h2 { "Publish" }
        p { "A newer scan of this org is judged, and only the newest is published: "
            a href=(newer) { "review that one" } "." }
        @if let Some(at) = scan.published {
            p { "This one was published " (layout::time(at)) "." }
            (report_again(path))
        }
    }
}

fn report_again(path: &str) -> Markup {
    html! {
        form method="post" action=(format!("{path}/publish")) {
            button type="submit" { "Make the report again" }
        }
    }
}

fn publication(path: &str, scan: &ScanRecord, drafts: usize, confirmed: usize) -> Markup {
    // The same step again: it goes on where it stopped, and a report that failed is made anew.
    let again = scan.published.is_some() && confirmed == 0;
    html! {
        h2 { "Publish" }
        p { (drafts) " drafts, " (confirmed) " confirmed and not published yet."
            @if let Some(at) = scan.published { " Published " (layout::time(at)) "." } }
        @if drafts == 0 && again {
            (report_again(path))
        } @else if drafts == 0 {
            form method="post" action=(format!("{path}/publish")) {
                button class="primary" type="submit" { "Publish and make the report" }
            }
        } @else {
            p { "It can be published once every draft is confirmed or dismissed." }
        }
    }
}

fn to_decide<'a>(
    path: &str,
    heading: &str,
    findings: impl Iterator<Item = &'a FindingRecord>,
    count: usize,
) -> Markup {
    html! {
        h2 { (heading) " (" (count) ")" }
        @if count == 0 { p class="empty" { "None." } }
        @if count > SHOWN { p { "The first " (SHOWN) " are shown." } }
        @for FindingRecord { finding, .. } in findings.take(SHOWN) {
            section class="panel" aria-labelledby=(finding.id) {
                h3 id=(finding.id) {
                    span class=(findings::severity_class(finding.severity)) { (finding.severity.word()) }
                    " · " (finding.rule) " " (findings::title(finding))
                }
                details { summary { code { (finding.resource) } " · " (finding.hit_count) " seen" }
                    (show::view(finding)) (show::history(finding)) }
                (verdict(path, &finding.id, finding.state == State::Disputed))
            }
        }
    }
}

fn verdict(path: &str, id: &str, disputed: bool) -> Markup {
    html! {
        form class="stack" method="post" action=(format!("{path}/confirm")) {
            input type="hidden" name="finding" value=(id);
            label { "Reason" input name="reason" maxlength="2000" required[disputed] autocomplete="off"; }
            button class="primary" type="submit" { @if disputed { "Uphold" } @else { "Confirm" } }
            button class="danger" type="submit" formaction=(format!("{path}/dismiss")) { "Dismiss (needs a reason)" }
        }
    }
}

fn all(path: &str) -> Markup {
    html! {
        form class="stack" method="post" action=(format!("{path}/confirm")) {
            input type="hidden" name="finding" value="all";
            button type="submit" { "Confirm all drafts" }
        }
    }
}

fn others(findings: &[FindingRecord]) -> Markup {
    let decided = |state: &State| !matches!(state, State::Draft | State::Disputed);
    let rest: Vec<_> = findings.iter().filter(|record| decided(&record.finding.state)).collect();
    html! {
        h2 { "Decided (" (rest.len()) ")" }
        @if !rest.is_empty() {
            table {
                caption { "Findings of this scan that are decided" }
                thead { tr { th scope="col" { "Finding" } th scope="col" { "About" } th scope="col" { "State" } } }
                tbody {
                    @for FindingRecord { finding, .. } in rest {
                        tr { th scope="row" { (finding.rule) " " (findings::title(finding)) }
                            td { code { (finding.resource) } } td { (finding.state.word()) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{findings::tests::finding, scans::tests::scan as begun};

    fn records(states: &[State]) -> Vec<FindingRecord> {
        let one = |(i, state): (usize, &State)| {
            let mut finding = finding("TOK-02", &format!("t{i}"));
            finding.state = state.clone();
            let text = serde_json::to_string(&finding).unwrap();
            serde_json::from_value(serde_json::json!({ "finding": text, "version": 1 })).unwrap()
        };
        states.iter().enumerate().map(one).collect()
    }

    #[test]
    fn a_scan_with_drafts_has_no_button_to_publish() {
        let judged = ScanRecord { state: ScanState::Judged, ..begun() };
        let states = [State::Draft, State::Confirmed];
        let page = scan("/review/t/o/s", &judged, None, &records(&states)).into_string();
        assert!(page.contains("1 drafts, 1 confirmed") && !page.contains("/publish\""));
        assert!(page.contains("/review/t/o/s/confirm") && page.contains("/review/t/o/s/dismiss"));
        let states = [State::Confirmed, State::Dismissed];
        let page = scan("/review/t/o/s", &judged, None, &records(&states)).into_string();
        assert!(page.contains("/review/t/o/s/publish") && !page.contains("/confirm\""));
    }

    #[test]
    fn of_an_earlier_scan_the_newest_is_offered_and_not_its_publication() {
        let judged = ScanRecord { state: ScanState::Judged, ..begun() };
        let records = records(&[State::Confirmed]);
        let page = scan("/review/t/o/s1", &judged, Some("/review/t/o/s2"), &records).into_string();
        assert!(page.contains("href=\"/review/t/o/s2\"") && !page.contains("/publish\""));
    }

    #[test]
    fn what_is_all_published_is_not_offered_as_if_it_were_not() {
        let judged =
            ScanRecord { state: ScanState::Judged, published: Some(jiff::Timestamp::UNIX_EPOCH), ..begun() };
        let page = |states: &[State]| scan("/review/t/o/s", &judged, None, &records(states)).into_string();
        assert!(page(&[State::Published]).contains("Make the report again"));
        assert!(page(&[State::Published, State::Confirmed]).contains("Publish and make the report"));
    }

    #[test]
    fn a_scan_under_way_cannot_be_published() {
        let page = scan("/review/t/o/s", &begun(), None, &[]).into_string();
        assert!(!page.contains("/publish\"") && page.contains("Queued"));
    }
}
