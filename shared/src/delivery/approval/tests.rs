use jiff::SignedDuration;

use super::{limits::LimitError, transition::RequestError, *};
use crate::{
    delivery::{
        DataClass, Email,
        destination::{Bucket, tests::bucket},
    },
    tenant::{
        Principal, WorkspaceKind,
        principal::tests::{member, operator, scim},
    },
};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// When the approvals of the tests are requested.
pub(crate) fn t0() -> Timestamp {
    "2026-03-01T08:00:00Z".parse().unwrap()
}

pub(crate) fn route(classes: &[DataClass], destination: Destination) -> Route {
    let destination_hash = destination.hash().unwrap();
    let classes = classes.iter().copied().collect();
    Route { org: OrgId::new("org1"), classes, destination, destination_hash }
}

/// Terms of every kind and destination, with raw identity data or without where it matters.
pub(crate) fn all_terms(classes: &[DataClass]) -> Vec<Terms> {
    let (org, okta_url) = (OrgId::new("org1"), "https://acme.okta.example".to_owned());
    let partner = PartnerId::new("p1");
    let email = Email::parse("auditor@example.com").unwrap();
    let partner_access = |destination| Terms::PartnerAccess {
        partner: partner.clone(),
        partner_name: "Partner".into(),
        route: route(classes, destination),
    };
    vec![
        Terms::WorkspaceCreation { subdomain: "acme".into(), sponsor: UserId::new("u1") },
        Terms::ApiAccess {
            org: org.clone(),
            okta_url: okta_url.clone(),
            scopes: vec!["okta.users.read".into(), "okta.apps.read".into()],
        },
        Terms::Scim { okta_url: okta_url.clone() },
        Terms::FirstScan { org, okta_url },
        Terms::EvidenceRoute { route: route(classes, Destination::CustomerBucket { bucket: bucket() }) },
        Terms::EvidenceRoute { route: route(classes, Destination::Person { email }) },
        partner_access(Destination::PartnerRead { partner: partner.clone() }),
        partner_access(Destination::PartnerPush { partner: partner.clone(), bucket: bucket() }),
    ]
}

fn ask(terms: Terms, until: Until) -> Request {
    Request {
        id: ApprovalId::new("a1"),
        tenant: TenantId::new("t1"),
        terms,
        not_before: t0(),
        until,
        requested_by: Actor::User { user: UserId::new("requester") },
    }
}

pub(crate) fn requested(terms: Terms) -> Approval {
    request(ask(terms, Until::At(t0() + DAY)), t0()).unwrap()
}

fn context() -> AuthContext {
    AuthContext {
        method: Method::Saml,
        idp: Some("https://idp.example.com".into()),
        authn_instant: None,
        acr: None,
    }
}

fn admin(user: &str) -> Principal {
    member("t1", user, WorkspaceKind::Customer, Role::Admin)
}

fn yes(approval: &Approval, by: &Principal, standing: &[(UserId, Role)]) -> Result<Approval, ApprovalError> {
    yes_at(approval, by, standing, t0())
}

fn yes_at(
    approval: &Approval,
    by: &Principal,
    standing: &[(UserId, Role)],
    now: Timestamp,
) -> Result<Approval, ApprovalError> {
    let approver = Approver { principal: by, saw: text_sha256(approval), context: context() };
    approve(approval, &approver, standing, now)
}

/// The approval after the yes of u1 and, if it takes one, of u2.
pub(crate) fn approved(approval: &Approval) -> Approval {
    let first = yes(approval, &admin("u1"), &[]).unwrap();
    if first.state == State::Live {
        return first;
    }
    yes(&first, &admin("u2"), &[(UserId::new("u1"), Role::Admin)]).unwrap()
}

pub(crate) fn live(terms: Terms) -> Approval {
    approved(&requested(terms))
}

fn raw_to_partner() -> Terms {
    all_terms(&[DataClass::RawIdentity]).swap_remove(6)
}

fn report_to_partner() -> Terms {
    all_terms(&[DataClass::Report]).swap_remove(6)
}

#[test]
fn raw_outside_and_copies_at_a_partner_need_two_people_and_the_rest_one() {
    for class in DataClass::ALL {
        for terms in all_terms(&[DataClass::Report, class]) {
            let push =
                matches!(&terms.route().map(|r| &r.destination), Some(Destination::PartnerPush { .. }));
            let raw = class == DataClass::RawIdentity && terms.route().is_some();
            let need = if push || raw { 2 } else { 1 };
            assert_eq!(limits::approvers_needed(&terms), need, "{terms:?}");
            let after_one = yes(&requested(terms.clone()), &admin("u1"), &[]).unwrap();
            assert_eq!(after_one.state == State::Live, need == 1, "{terms:?}");
            let live = live(terms);
            assert_eq!((live.state, live.approvers()), (State::Live, need));
            assert_eq!(live.version, need as u64);
            assert_eq!(live.in_force(t0()), Ok(()));
        }
    }
}

#[test]
fn with_one_person_it_stays_refused() {
    let first = yes(&requested(raw_to_partner()), &admin("u1"), &[]).unwrap();
    let standing = [(UserId::new("u1"), Role::Admin)];
    assert_eq!(yes(&first, &admin("u1"), &standing), Err(ApprovalError::AlreadyApproved));
    assert_eq!(first.in_force(t0()), Err("approval.not_live"));
    let forged = Approval { state: State::Live, ..first.clone() };
    assert_eq!(forged.in_force(t0()), Err("approval.too_few_approvers"));
    let twice = [forged.consents.clone(), forged.consents.clone()].concat();
    assert_eq!(Approval { consents: twice, ..forged }.in_force(t0()), Err("approval.too_few_approvers"));
}

#[test]
fn an_earlier_yes_counts_only_while_its_person_may_still_decide() {
    let first = yes(&requested(raw_to_partner()), &admin("u1"), &[]).unwrap();
    for role in Role::ALL {
        let second = yes(&first, &admin("u2"), &[(UserId::new("u1"), role)]).unwrap();
        let decides = matches!(role, Role::Admin | Role::OrgAdmin | Role::SecurityAdmin);
        assert_eq!(second.state == State::Live, decides, "{role:?}");
        assert_eq!(second.approvers(), if decides { 2 } else { 1 });
    }
    for gone in [vec![], vec![(UserId::new("u2"), Role::Admin), (UserId::new("u3"), Role::Admin)]] {
        assert_eq!(yes(&first, &admin("u2"), &gone).unwrap().state, State::Requested);
    }
}

#[test]
fn only_people_of_the_customers_own_workspace_with_the_permission_decide() {
    for terms in all_terms(&[DataClass::Report]) {
        let asked = requested(terms.clone());
        for role in Role::ALL {
            let who = member("t1", "u1", WorkspaceKind::Customer, role);
            let may = matches!(role, Role::Admin | Role::OrgAdmin | Role::SecurityAdmin);
            assert_eq!(yes(&asked, &who, &[]).is_ok(), may, "{role:?}");
            assert_eq!(refuse(&asked, &who, t0()).is_ok(), may);
            assert_eq!(revoke(&live(terms.clone()), &who, t0()).is_ok(), may);

            let operator = operator("t1", role);
            assert_eq!(yes(&asked, &operator, &[]), Err(ApprovalError::NotAMember));
            assert_eq!(refuse(&asked, &operator, t0()), Err(ApprovalError::NotAMember));
            assert_eq!(revoke(&live(terms.clone()), &operator, t0()), Err(ApprovalError::NotAMember));

            for kind in [WorkspaceKind::Customer, WorkspaceKind::Operator] {
                let stranger = member("t2", "u1", kind, role);
                assert_eq!(yes(&asked, &stranger, &[]), Err(ApprovalError::OtherWorkspace));
                assert_eq!(refuse(&asked, &stranger, t0()), Err(ApprovalError::OtherWorkspace));
            }
        }
        assert_eq!(yes(&asked, &scim("t1"), &[]), Err(ApprovalError::NotAMember));
    }
}

#[test]
fn nobody_approves_their_own_partner_request() {
    for terms in all_terms(&[DataClass::Report]) {
        let partner = terms.kind() == Kind::PartnerAccess;
        let sponsor = matches!(terms, Terms::WorkspaceCreation { .. });
        let got = yes(&requested(terms), &admin("requester"), &[]).map(|a| a.approvers());
        match (partner, sponsor) {
            (true, _) => assert_eq!(got, Err(ApprovalError::OwnRequest)),
            (_, true) => assert_eq!(got, Err(ApprovalError::NotTheSponsor)),
            _ => assert_eq!(got, Ok(1)),
        }
    }
}

#[test]
fn a_yes_is_to_the_very_text_that_was_seen() {
    let asked = requested(report_to_partner());
    let other = Approval { id: ApprovalId::new("a2"), ..asked.clone() };
    let by = admin("u1");
    let approver = Approver { principal: &by, saw: text_sha256(&other), context: context() };
    assert_eq!(approve(&asked, &approver, &[], t0()), Err(ApprovalError::TextChanged));
    let consent = &yes(&asked, &by, &[]).unwrap().consents[0];
    assert_eq!((consent.role, consent.text_sha256), (Role::Admin, text_sha256(&asked)));
}

#[test]
fn the_text_does_not_change_with_the_state() {
    let asked = requested(raw_to_partner());
    let first = yes(&asked, &admin("u1"), &[]).unwrap();
    assert_eq!(text_sha256(&asked), text_sha256(&first));
    assert_eq!(text_sha256(&asked), text_sha256(&approved(&asked)));
}

/// Every string and list of the request, changed one at a time, gives another text.
#[test]
fn the_text_says_all_the_terms() {
    fn leaves(json: &serde_json::Value, path: String, out: &mut Vec<String>) {
        match json {
            serde_json::Value::Object(map) => {
                map.iter().for_each(|(key, value)| leaves(value, format!("{path}/{key}"), out));
            }
            serde_json::Value::String(_) | serde_json::Value::Array(_) => out.push(path),
            _ => {}
        }
    }
    for terms in all_terms(&[DataClass::Report]) {
        let asked = requested(terms);
        let base = serde_json::to_value(&asked).unwrap();
        let mut paths = Vec::new();
        leaves(&base["terms"], "/terms".into(), &mut paths);
        paths.extend(["/id".into(), "/tenant".into(), "/not_before".into(), "/until/at".into()]);
        for path in paths {
            // Both are in the hash of the destination, which has a line of its own.
            if path.ends_with("/kind") || path.ends_with("sha256") {
                continue;
            }
            let mut changed = base.clone();
            let leaf = changed.pointer_mut(&path).unwrap();
            *leaf = match leaf.as_str() {
                Some(hash) if path.ends_with("hash") => Digest::of(hash.as_bytes()).to_hex().into(),
                Some(_) if path.ends_with("not_before") || path.ends_with("at") => {
                    "2026-03-01T12:00:00Z".into()
                }
                Some(_) if path.ends_with("email") => "other@example.com".into(),
                Some(text) => format!("{text}x").into(),
                None if path.ends_with("classes") => serde_json::json!(["report", "manifest"]),
                None => serde_json::json!(["okta.users.read", "okta.apps.read", "okta.groups.read"]),
            };
            let changed: Approval = serde_json::from_value(changed).unwrap();
            assert_ne!(text_sha256(&asked), text_sha256(&changed), "{path} in {:?}", asked.terms.kind());
        }
    }
}

#[test]
fn the_text_reads_well() {
    let push = all_terms(&[DataClass::FindingsSanitized, DataClass::Report]).swap_remove(7);
    insta::assert_snapshot!(consent_text(&requested(push)), @r"
    You approve: access of the partner Partner (p1) to published evidence
    Okta org: org1
    Data: findings_sanitized: findings as counts and fixed text, without names
    Data: report: the rendered report
    To: a bucket of the partner p1
    Bucket: evidence-example in eu-central-1 of account 111122223333
    Folder: okta/
    Through the role: arn:aws:iam::111122223333:role/evidence
    Encrypted with: arn:aws:kms:eu-central-1:111122223333:key/k1
    A copy that was delivered cannot be recalled, not even by revoking this approval.
    Destination hash: 040e047dd64fad6aff49916dfbe75cf7236e4c7e673f91cd279ca1a396b0a5e4
    From: 2026-03-01T08:00:00Z
    Until: 2026-03-02T08:00:00Z, or until you revoke it
    Needs: the approval of 2 different people
    Workspace: t1
    Approval: a1
    ");
}

#[test]
fn evidence_routes_and_partners_end_in_time() {
    for class in DataClass::ALL {
        for terms in all_terms(&[class]) {
            let try_until = |until| request(ask(terms.clone(), until), t0()).map(|a| a.state);
            let Some(max) = limits::max_lifetime(&terms) else {
                assert!(terms.route().is_none());
                assert_eq!(try_until(Until::Revoked), Ok(State::Requested));
                continue;
            };
            let days = if limits::approvers_needed(&terms) == 2 { 90 } else { 365 };
            assert_eq!(max, DAY * days);
            assert_eq!(try_until(Until::Revoked), Err(LimitError::OpenEnded { max }.into()));
            assert_eq!(try_until(Until::At(t0() + max)), Ok(State::Requested));
            let got = t0() + max + SECOND;
            assert_eq!(try_until(Until::At(got)), Err(LimitError::TooLong { max, got }.into()));
            let stretched = Approval { until: Until::At(got), ..live(terms.clone()) };
            assert_eq!(stretched.in_force(t0() + SECOND), Err("approval.over_limit"));
            let open = Approval { until: Until::Revoked, ..stretched };
            assert_eq!(open.in_force(t0() + SECOND), Err("approval.over_limit"));
        }
    }
}

#[test]
fn a_request_that_means_nothing_good_is_not_put_to_the_customer() {
    let [api, _, _, bucket_route, person_route, read, push] =
        <[Terms; 7]>::try_from(all_terms(&[DataClass::Report]).split_off(1)).unwrap();
    let refused = |terms| request(ask(terms, Until::At(t0() + DAY)), t0()).unwrap_err();
    let with_scopes = |list: &[&str]| {
        let Terms::ApiAccess { org, okta_url, .. } = api.clone() else { panic!() };
        refused(Terms::ApiAccess { org, okta_url, scopes: list.iter().map(|s| (*s).into()).collect() })
    };
    assert_eq!(with_scopes(&[]), RequestError::NoScope);
    for got in ["okta.users.manage", "okta.users.read.manage", "okta.users.READ"] {
        assert_eq!(with_scopes(&["okta.users.read", got]), RequestError::WriteScope { got: got.into() });
    }

    let route_of = |terms: &Terms| terms.route().unwrap().clone();
    let partner = |to: &str, route| Terms::PartnerAccess {
        partner: PartnerId::new(to),
        partner_name: "Partner".into(),
        route,
    };
    let workspace = route(&[DataClass::Report], Destination::Workspace {});
    for route in [route_of(&read), route_of(&push), workspace.clone()] {
        let kind = Kind::EvidenceRoute;
        assert_eq!(refused(Terms::EvidenceRoute { route }), RequestError::DestinationKind { kind });
    }
    let kind = Kind::PartnerAccess;
    for route in [route_of(&bucket_route), route_of(&person_route), workspace] {
        assert_eq!(refused(partner("p1", route)), RequestError::DestinationKind { kind });
    }
    for route in [route_of(&read), route_of(&push)] {
        assert_eq!(refused(partner("p2", route)), RequestError::DestinationKind { kind });
    }

    let none = Route { classes: ClassSet::from(vec![]), ..route_of(&read) };
    assert_eq!(refused(partner("p1", none)), RequestError::NoClass);
    let drifted = Route { destination_hash: Digest::ZERO, ..route_of(&read) };
    assert_eq!(refused(partner("p1", drifted)), RequestError::DestinationHash);
}

#[test]
fn no_text_of_a_request_can_forge_a_line_of_the_consent() {
    let report = report_to_partner().route().unwrap().clone();
    for name in [
        "",
        "  ",
        "A\nNeeds: nobody",
        "A\r",
        "A\u{2028}B",
        "A\u{202e}B",
        "A\u{200b}B",
        "A\u{85}B",
        &"A".repeat(513),
    ] {
        let terms = Terms::PartnerAccess {
            partner: PartnerId::new("p1"),
            partner_name: name.into(),
            route: report.clone(),
        };
        let got = request(ask(terms, Until::At(t0() + DAY)), t0()).unwrap_err();
        assert_eq!(got, RequestError::Text { field: "partner_name" }, "{name:?}");
    }
    let folder = Bucket { prefix: "a\nBucket: b".into(), ..bucket() };
    let terms = Terms::EvidenceRoute {
        route: route(&[DataClass::Report], Destination::CustomerBucket { bucket: folder }),
    };
    let got = request(ask(terms, Until::At(t0() + DAY)), t0()).unwrap_err();
    assert_eq!(got, RequestError::Text { field: "prefix" });
}

#[test]
fn a_window_must_be_open_some_time() {
    let at = |not_before, end| {
        let asked = Request { not_before, ..ask(report_to_partner(), Until::At(end)) };
        request(asked, t0()).map(|_| ())
    };
    assert_eq!(at(t0(), t0() + SECOND), Ok(()));
    for (from, end) in
        [(t0(), t0()), (t0() + DAY, t0() + DAY), (t0() + DAY, t0() + SECOND), (t0(), t0() - SECOND)]
    {
        assert_eq!(at(from, end), Err(RequestError::EmptyWindow));
    }
}

#[test]
fn the_window_refuses_five_seconds_early_and_opens_five_late() {
    let live = live(report_to_partner());
    let end = t0() + DAY;
    assert_eq!(live.in_force(t0()), Ok(()), "opens with the request when no later date was asked for");
    assert_eq!(live.in_force(t0() - SECOND), Err("approval.not_yet"));
    assert_eq!(live.in_force(end - SECOND * 6), Ok(()));
    for late in [-5, -1, 0, 1] {
        assert_eq!(live.in_force(end + SECOND * late), Err("approval.expired"));
    }
    let opens = t0() + SECOND * 3600;
    let later = Approval { not_before: opens, ..live };
    assert_eq!(later.in_force(opens + SECOND * 4), Err("approval.not_yet"));
    assert_eq!(later.in_force(opens + SECOND * 5), Ok(()));
}

#[test]
fn revocation_is_told_only_when_every_lease_has_died() {
    for terms in all_terms(&[DataClass::Report]) {
        let live = live(terms);
        let revoking = revoke(&live, &admin("u3"), t0()).unwrap();
        assert_eq!((revoking.state, revoking.epoch), (State::Revoking, live.epoch + 1));
        assert_eq!(revoking.in_force(t0()), Err("approval.not_live"));
        let leases = [t0() + SECOND * 30, t0() + SECOND * 60];
        let until = t0() + SECOND * 65;
        for now in [t0(), until - SECOND, until] {
            assert_eq!(settle(&revoking, leases, now), Err(ApprovalError::LeasesOpen { until }));
        }
        let revoked = settle(&revoking, leases, until + SECOND).unwrap();
        assert_eq!(revoked.state, State::Revoked);
        let ended = revoked.ended.clone().unwrap();
        assert_eq!((ended.at, ended.effective_at), (t0(), Some(until + SECOND)));
        assert_eq!(settle(&revoking, [], t0()).unwrap().state, State::Revoked);
    }
}

#[test]
fn requests_lapse_and_live_approvals_expire() {
    let asked = request(ask(report_to_partner(), Until::At(t0() + DAY * 60)), t0()).unwrap();
    let lapse = t0() + limits::REQUEST_LIFETIME;
    assert_eq!(expire(&asked, lapse - SECOND), Err(ApprovalError::NotDue));
    assert!(yes_at(&asked, &admin("u1"), &[], lapse - SECOND).is_ok());
    assert_eq!(yes_at(&asked, &admin("u1"), &[], lapse), Err(ApprovalError::Lapsed));
    assert_eq!(expire(&asked, lapse).unwrap().state, State::Expired);

    let live = live(report_to_partner());
    let end = t0() + DAY;
    assert_eq!(yes_at(&requested(report_to_partner()), &admin("u1"), &[], end), Err(ApprovalError::Lapsed));
    assert_eq!(expire(&live, end - SECOND), Err(ApprovalError::NotDue));
    let expired = expire(&live, end).unwrap();
    assert_eq!((expired.state, expired.epoch), (State::Expired, live.epoch + 1));
    let for_ever = Approval { until: Until::Revoked, ..live };
    assert_eq!(expire(&for_ever, end), Err(ApprovalError::NotDue));
}

/// Every transition from every state: exactly these five moves exist, and each raises the version by one.
#[test]
fn no_other_way_through_the_states() {
    use State as S;
    let base = live(report_to_partner());
    let (now, end) = (t0(), t0() + DAY);
    let by = admin("u9");
    for state in [S::Requested, S::Live, S::Revoking, S::Revoked, S::Expired, S::Refused] {
        let from = Approval { state, ..base.clone() };
        let moves = [
            (yes(&from, &by, &[(UserId::new("u1"), Role::Admin)]), S::Requested, S::Live),
            (refuse(&from, &by, now), S::Requested, S::Refused),
            (revoke(&from, &by, now), S::Live, S::Revoking),
            (settle(&from, [], now), S::Revoking, S::Revoked),
        ];
        for (got, want, to) in moves {
            if state == want {
                let got = got.unwrap();
                assert_eq!((got.state, got.version), (to, from.version + 1));
            } else {
                assert_eq!(got, Err(ApprovalError::WrongState { want, got: state }));
            }
        }
        let expires = matches!(state, S::Requested | S::Live);
        assert_eq!(expire(&from, end).is_ok(), expires, "{state:?}");
        assert_eq!(from.in_force(now).is_ok(), state == S::Live);
    }
}

#[test]
fn only_a_live_first_scan_of_that_org_lets_an_operator_in() {
    let org = OrgId::new("org1");
    for terms in all_terms(&[DataClass::Report]) {
        let first_scan = terms.kind() == Kind::FirstScan;
        let live = live(terms.clone());
        assert_eq!(live.operator_grant(&org, t0()).is_some(), first_scan);
        assert_eq!(live.operator_grant(&OrgId::new("org2"), t0()), None);
        assert_eq!(live.operator_grant(&org, t0() + DAY), None);
        assert_eq!(requested(terms).operator_grant(&org, t0()), None);
    }
    let grant = live(all_terms(&[]).swap_remove(3)).operator_grant(&org, t0()).unwrap();
    assert_eq!((grant.customer().as_str(), grant.approval()), ("t1", "a1"));
    assert_eq!(grant.until(), Some(t0() + DAY));
}

#[test]
fn what_is_stored_reads_back_and_nothing_else_does() {
    for terms in all_terms(&[DataClass::RawIdentity, DataClass::Report]) {
        let revoking = revoke(&live(terms), &admin("u3"), t0()).unwrap();
        let json = serde_json::to_value(&revoking).unwrap();
        assert_eq!(serde_json::from_value::<Approval>(json.clone()).unwrap(), revoking);
        for field in json.as_object().unwrap().keys() {
            let mut less = json.clone();
            less.as_object_mut().unwrap().shift_remove(field);
            assert!(serde_json::from_value::<Approval>(less).is_err(), "without {field}");
        }
        for (path, wrong) in [("state", "alive"), ("until", "forever"), ("version", "1")] {
            let mut bad = json.clone();
            bad[path] = wrong.into();
            assert!(serde_json::from_value::<Approval>(bad).is_err(), "{path}");
        }
        let mut later = json.clone();
        later["narrowed_to"] = "nothing".into();
        assert!(serde_json::from_value::<Approval>(later).is_err(), "a later version's approval is none");
    }
}

#[test]
fn dynamodb_items_read_back_the_same() {
    for terms in all_terms(&[DataClass::RawIdentity, DataClass::Report]) {
        let approval = revoke(&live(terms), &admin("u3"), t0()).unwrap();
        let item: serde_dynamo::Item = serde_dynamo::to_item(&approval).unwrap();
        assert_eq!(serde_dynamo::from_item::<_, Approval>(item).unwrap(), approval);
    }
}

#[test]
fn no_address_of_a_person_is_in_debug_text() {
    for terms in all_terms(&[DataClass::Report]) {
        assert!(!format!("{:?}", live(terms)).contains("auditor"));
    }
}
