//! The whole matrix, and the walls that hold in every cell of it. The walls are worded from the facts alone, in
//! other words than `decide` uses, so that a slip there does not repeat itself here.

use jiff::SignedDuration;

use super::*;
use crate::{
    delivery::{
        ApprovalId,
        approval::{
            Kind, State, Until,
            tests::{all_terms, live, t0},
        },
        destination::tests::bucket,
    },
    tenant::{
        WorkspaceKind,
        principal::tests::{member as a_member, operator as an_operator, scim},
    },
};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const STATES: [State; 6] =
    [State::Requested, State::Live, State::Revoking, State::Revoked, State::Expired, State::Refused];

/// What a cell is made of.
struct Cell<'a> {
    facts: Facts<'a>,
    now: Timestamp,
}

fn email() -> Email {
    Email::parse("auditor@example.com").unwrap()
}

fn recipients() -> Vec<Recipient> {
    let mut all = vec![
        Recipient::Partner { partner: PartnerId::new("p1") },
        Recipient::Partner { partner: PartnerId::new("p2") },
        Recipient::CustomerBucket,
        Recipient::Person { email: email() },
        Recipient::Person { email: Email::parse("other@example.com").unwrap() },
    ];
    for role in Role::ALL {
        all.push(Recipient::Member { role });
        all.extend([true, false].map(|mfa| Recipient::Operator { role, mfa }));
    }
    all
}

fn destinations() -> Vec<Destination> {
    let partner = |id: &str| PartnerId::new(id);
    let mut moved = bucket();
    moved.account = "999999999999".into();
    vec![
        Destination::Workspace {},
        Destination::CustomerBucket { bucket: bucket() },
        Destination::CustomerBucket { bucket: moved.clone() },
        Destination::Person { email: email() },
        Destination::PartnerRead { partner: partner("p1") },
        Destination::PartnerRead { partner: partner("p2") },
        Destination::PartnerPush { partner: partner("p1"), bucket: bucket() },
        Destination::PartnerPush { partner: partner("p1"), bucket: moved },
    ]
}

/// Approvals of every kind in every state, for one class or another, of this workspace, another, another org, and
/// one that only one person gave.
fn approvals() -> Vec<Option<Approval>> {
    let mut all = vec![None];
    for class in DataClass::ALL {
        for terms in all_terms(&[class]) {
            let good = live(terms);
            if good.terms.route().is_none() && class != DataClass::Report {
                continue;
            }
            all.extend(STATES.map(|state| Some(Approval { state, ..good.clone() })));
            all.push(Some(Approval { tenant: TenantId::new("t2"), ..good.clone() }));
            let one_person = good.consents[..1].to_vec();
            all.push(Some(Approval { consents: one_person, ..good.clone() }));
            all.push(Some(Approval { consents: vec![], ..good }));
        }
    }
    all
}

/// Calls `check` with every cell: recipients x destinations x classes x approvals x published x whose object.
fn every_cell(now: Timestamp, mut check: impl FnMut(&Cell<'_>, Decision)) -> (usize, usize) {
    let workspace = TenantId::new("t1");
    let (recipients, destinations, approvals) = (recipients(), destinations(), approvals());
    let (mut cells, mut allowed) = (0, 0);
    for (tenant, org) in [("t1", "org1"), ("t1", "org2"), ("t2", "org1")] {
        for class in DataClass::ALL {
            for published in [true, false] {
                let (tenant, org) = (TenantId::new(tenant), OrgId::new(org));
                let object = Object { tenant, org, sha256: Digest::of(b"object"), class, published };
                for recipient in &recipients {
                    for destination in &destinations {
                        for approval in &approvals {
                            let approval = approval.as_ref();
                            let facts = Facts {
                                workspace: &workspace,
                                workspace_active: true,
                                object: &object,
                                recipient,
                                recipient_active: true,
                                destination,
                                approval,
                            };
                            let decision = decide(&facts, now);
                            cells += 1;
                            allowed += usize::from(decision.allow);
                            check(&Cell { facts, now }, decision);
                        }
                    }
                }
            }
        }
    }
    (cells, allowed)
}

/// The walls, each worded over the facts of an allowed cell.
fn assert_walls(cell: &Cell<'_>) {
    let Cell { facts, now } = cell;
    let object = facts.object;
    assert_eq!(object.tenant, *facts.workspace, "I6: one tenant throughout");
    assert_eq!(object.tenant.as_str(), "t1", "I6");
    let outside = match facts.recipient {
        Recipient::Member { .. } | Recipient::Operator { .. } => {
            assert_eq!(*facts.destination, Destination::Workspace {}, "I4: insiders read inside");
            false
        }
        Recipient::Partner { .. } | Recipient::CustomerBucket | Recipient::Person { .. } => true,
    };
    if let Recipient::Member { .. } = facts.recipient {
        return;
    }
    let approval = facts.approval.expect("I1: nobody but members without an approval");
    assert_eq!(approval.state, State::Live, "I1: authorised at commit");
    assert_eq!(approval.tenant, object.tenant, "I6");
    assert_eq!(object.org.as_str(), "org1", "I1: scope");
    assert!(!approval.consents.is_empty(), "I10");
    if let Until::At(end) = approval.until {
        assert!(*now + SECOND * 5 < end, "I12: margin included");
    }
    if !outside {
        let raw = matches!(object.class, DataClass::RawIdentity | DataClass::Normalized);
        assert!(!raw, "I15: an operator never reads raw");
        assert_eq!(approval.terms.kind(), Kind::FirstScan, "I15: the customer's approval for that scan");
        assert!(matches!(facts.recipient, Recipient::Operator { mfa: true, .. }), "I15: second factor");
        return;
    }
    let route = approval.terms.route().expect("I1: a route was approved");
    let classes: Vec<_> = route.classes.iter().collect();
    assert_eq!(classes, [object.class], "I3: exactly this class");
    assert_eq!(Some(route.destination_hash), facts.destination.hash(), "I4: the approved destination");
    let to_partner = matches!(facts.recipient, Recipient::Partner { .. });
    assert_eq!(approval.terms.kind() == Kind::PartnerAccess, to_partner, "I1: the right kind");
    let push = matches!(facts.destination, Destination::PartnerPush { .. });
    if object.class == DataClass::RawIdentity || push {
        let mut users: Vec<_> = approval.consents.iter().map(|c| c.user.as_str()).collect();
        users.dedup();
        assert_eq!(users, ["u1", "u2"], "I10: two persons");
    }
    match facts.recipient {
        Recipient::Partner { partner } => {
            assert_eq!(partner.as_str(), "p1", "I1: the named partner");
            assert!(object.published, "only what is published");
        }
        Recipient::Person { email: to } => {
            assert_eq!(*to, email(), "I1: the named person");
            assert!(object.published, "only what is published");
        }
        Recipient::CustomerBucket => {}
        Recipient::Member { .. } | Recipient::Operator { .. } => unreachable!(),
    }
}

#[test]
fn the_walls_hold_in_every_cell() {
    let (cells, allowed) = every_cell(t0(), |cell, decision| {
        if decision.allow {
            assert_walls(cell);
        }
    });
    assert_eq!(cells, 3 * 7 * 2 * 23 * 8 * approvals().len());
    // Members: 2 orgs x their readable classes, drafts included, x the approvals that make no difference to them;
    // then what approvals open. A rule that opens or closes one cell more changes the number.
    assert_eq!(allowed, expected_allowed());
}

/// The allowed cells, counted from the published matrix.
fn expected_allowed() -> usize {
    let orgs = 2;
    // raw, normalized, findings (2), report, manifest, log; once published, once as a draft.
    let published = [7, 7, 7, 5, 5, 0];
    let drafts = [7, 7, 6, 2, 2, 0];
    let members: usize = published.iter().chain(&drafts).sum::<usize>() * orgs * approvals().len();
    // Operators with a second factor and the live first scan, or one whose consents were cut to the one it needs:
    // findings (2), report, manifest; drafts too; five roles.
    let operators = 5 * 4 * 2 * 2;
    // A class to a destination: live as given, and once more where the cut to one person is enough.
    let one_person_will_do = |raw: bool, push: bool| if raw || push { 1 } else { 2 };
    let mut routes = 0;
    for class in DataClass::ALL {
        let raw = class == DataClass::RawIdentity;
        let draft_too =
            !matches!(class, DataClass::FindingsFull | DataClass::FindingsSanitized | DataClass::Report);
        routes += one_person_will_do(raw, false) * if draft_too { 2 } else { 1 }; // the customer's bucket
        routes += one_person_will_do(raw, false); // a person
        routes += one_person_will_do(raw, false); // a partner reads
        routes += one_person_will_do(raw, true); // a copy at a partner
    }
    members + operators + routes
}

#[test]
fn i12_nothing_but_members_after_the_end_margin_included() {
    let end = t0() + SignedDuration::from_hours(24);
    for now in [end - SECOND * 5, end, end + SECOND] {
        every_cell(now, |cell, decision| {
            let member = matches!(cell.facts.recipient, Recipient::Member { .. });
            assert!(!decision.allow || member, "{}", decision.rule);
        });
    }
    let mut open = 0;
    every_cell(end - SECOND * 6, |cell, decision| {
        let member = matches!(cell.facts.recipient, Recipient::Member { .. });
        open += usize::from(decision.allow && !member);
    });
    assert!(open > 0, "and up to then it is open");
}

#[test]
fn i5_disabled_beats_everything() {
    let workspace = TenantId::new("t1");
    every_cell(t0(), |cell, decision| {
        if !decision.allow {
            return;
        }
        let off = Facts { recipient_active: false, ..cell.facts.clone() };
        assert_eq!(decide(&off, cell.now).rule, "recipient.inactive");
        let off = Facts { workspace_active: false, workspace: &workspace, ..cell.facts.clone() };
        assert_eq!(decide(&off, cell.now).rule, "workspace.inactive");
    });
}

/// One allowed delivery to a partner, then each fact of it made wrong: the rule names it.
#[test]
fn each_wrong_fact_is_named() {
    let terms = all_terms(&[DataClass::Report]).swap_remove(6);
    let good_approval = live(terms.clone());
    let good_object = Object {
        tenant: TenantId::new("t1"),
        org: OrgId::new("org1"),
        sha256: Digest::of(b"object"),
        class: DataClass::Report,
        published: true,
    };
    let destination = Destination::PartnerRead { partner: PartnerId::new("p1") };
    let recipient = Recipient::Partner { partner: PartnerId::new("p1") };
    let rule = |object: &Object, approval: Option<&Approval>, to: &Destination, now| {
        let workspace = TenantId::new("t1");
        let facts = Facts {
            workspace: &workspace,
            workspace_active: true,
            object,
            recipient: &recipient,
            recipient_active: true,
            destination: to,
            approval,
        };
        decide(&facts, now).rule
    };
    let (ok, a) = (&good_object, Some(&good_approval));
    assert_eq!(rule(ok, a, &destination, t0()), "partner.read");
    assert_eq!(rule(ok, None, &destination, t0()), "approval.missing");
    assert_eq!(rule(ok, a, &Destination::Workspace {}, t0()), "partner.destination");
    assert_eq!(rule(ok, a, &destination, t0() - SECOND), "approval.not_yet");
    assert_eq!(rule(ok, a, &destination, t0() + SECOND * 86_400), "approval.expired");
    let object = |change: &dyn Fn(&mut Object)| {
        let mut object = good_object.clone();
        change(&mut object);
        rule(&object, a, &destination, t0())
    };
    assert_eq!(object(&|o| o.tenant = TenantId::new("t2")), "tenant.wall");
    assert_eq!(object(&|o| o.org = OrgId::new("org2")), "approval.org");
    assert_eq!(object(&|o| o.class = DataClass::RawIdentity), "approval.class");
    assert_eq!(object(&|o| o.class = DataClass::FindingsSanitized), "approval.class");
    assert_eq!(object(&|o| o.published = false), "partner.unpublished");
    let approval = |change: &dyn Fn(&mut Approval)| {
        let mut approval = good_approval.clone();
        change(&mut approval);
        rule(ok, Some(&approval), &destination, t0())
    };
    assert_eq!(approval(&|a| a.tenant = TenantId::new("t2")), "approval.tenant");
    assert_eq!(approval(&|a| a.state = State::Revoking), "approval.not_live");
    assert_eq!(approval(&|a| a.consents.clear()), "approval.too_few_approvers");
    assert_eq!(approval(&|a| a.until = Until::Revoked), "approval.over_limit");
    assert_eq!(approval(&|a| a.terms = all_terms(&[DataClass::Report]).swap_remove(4)), "approval.kind");
    assert_eq!(
        approval(&|a| a.terms = all_terms(&[DataClass::Report]).swap_remove(7)),
        "approval.too_few_approvers"
    );
    let with_route = |change: &dyn Fn(&mut Route)| {
        approval(&|a| {
            let Terms::PartnerAccess { route, .. } = &mut a.terms else { panic!() };
            change(route);
        })
    };
    assert_eq!(with_route(&|r| r.destination_hash = Digest::ZERO), "destination.drift");
    let elsewhere = Destination::PartnerRead { partner: PartnerId::new("p2") };
    assert_eq!(with_route(&|r| r.destination = elsewhere.clone()), "destination.drift");
    assert_eq!(
        approval(&|a| {
            let Terms::PartnerAccess { partner, .. } = &mut a.terms else { panic!() };
            *partner = PartnerId::new("p2");
        }),
        "approval.recipient"
    );
}

#[test]
fn a_lease_dies_with_the_request_or_the_approval_and_knows_its_delivery() {
    let approval = live(all_terms(&[DataClass::Report]).swap_remove(6));
    let object = Object {
        tenant: TenantId::new("t1"),
        org: OrgId::new("org1"),
        sha256: Digest::of(b"object"),
        class: DataClass::Report,
        published: true,
    };
    let workspace = TenantId::new("t1");
    let destination = Destination::PartnerRead { partner: PartnerId::new("p1") };
    let recipient = Recipient::Partner { partner: PartnerId::new("p1") };
    let facts = Facts {
        workspace: &workspace,
        workspace_active: true,
        object: &object,
        recipient: &recipient,
        recipient_active: true,
        destination: &destination,
        approval: Some(&approval),
    };
    let grant = authorise(&facts, t0()).unwrap();
    assert_eq!(grant.lease().lease_until, t0() + SECOND * 30);
    assert_eq!(grant.approval(), Some((&ApprovalId::new("a1"), 0)));
    assert_eq!(grant.rule(), "partner.read");

    let closes = t0() + SECOND * (86_400 - 5);
    let late = authorise(&facts, closes - SECOND).unwrap().lease();
    assert_eq!(late.lease_until, closes, "never past the end of the approval, margin included");
    assert_eq!(late.delivery_id, grant.lease().delivery_id, "the same delivery however often it is tried");
    let refused = Decision { allow: false, rule: "approval.expired" };
    assert_eq!(authorise(&facts, closes), Err(refused));

    let changed = Object { sha256: Digest::of(b"other"), ..object.clone() };
    let other = authorise(&Facts { object: &changed, ..facts.clone() }, t0()).unwrap();
    assert_ne!(other.lease().delivery_id, grant.lease().delivery_id);
    let again = Approval { id: ApprovalId::new("a2"), ..approval.clone() };
    let other = authorise(&Facts { approval: Some(&again), ..facts.clone() }, t0()).unwrap();
    assert_ne!(other.lease().delivery_id, grant.lease().delivery_id);

    let member = Recipient::Member { role: Role::Admin };
    let inside = Facts { recipient: &member, destination: &Destination::Workspace {}, ..facts };
    assert_eq!(authorise(&inside, t0()).unwrap().approval(), None, "members read by role");
}

#[test]
fn a_principal_is_the_recipient_it_was_proven_to_be() {
    let role = Role::Viewer;
    let person = a_member("t1", "u1", WorkspaceKind::Customer, role);
    let (own, other) = (TenantId::new("t1"), TenantId::new("t2"));
    assert_eq!(Recipient::of(&person, &own, true), Some(Recipient::Member { role }));
    let operator = an_operator("t1", role);
    assert_eq!(Recipient::of(&operator, &own, false), Some(Recipient::Operator { role, mfa: false }));
    assert_eq!(Recipient::of(&scim("t1"), &own, true), None);
    let partner = a_member("p1", "u1", WorkspaceKind::Partner, role);
    let outside = Some(Recipient::Partner { partner: PartnerId::new("p1") });
    assert_eq!(Recipient::of(&partner, &own, true), outside);
    for stranger in
        [&person, &operator, &scim("t1"), &a_member("p1", "u1", WorkspaceKind::Partner, Role::User)]
    {
        assert_eq!(Recipient::of(stranger, &other, true), None, "{stranger:?}");
    }
}

#[test]
fn who_reads_here_reads_where_the_decision_looks() {
    for recipient in recipients() {
        let to = recipient.reading_at();
        match recipient {
            Recipient::Member { .. } | Recipient::Operator { .. } => {
                assert_eq!(to, Some(Destination::Workspace {}));
            }
            Recipient::Partner { partner } => assert_eq!(to, Some(Destination::PartnerRead { partner })),
            Recipient::CustomerBucket | Recipient::Person { .. } => assert_eq!(to, None),
        }
    }
}
