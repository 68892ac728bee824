use jiff::SignedDuration;

use super::*;
use crate::{
    delivery::approval::{
        revoke, settle,
        tests::{all_terms, approved, requested, t0},
    },
    tenant::{Role, UserId, WorkspaceKind, principal::tests::member},
};

fn tenant() -> TenantId {
    TenantId::new("t1")
}

fn entry(n: u32, event: Event) -> Entry {
    let actor = Actor::User { user: UserId::new("u1") };
    Entry { at: t0() + SignedDuration::from_secs(n.into()), actor, request: format!("r{n}"), event }
}

fn access() -> Access {
    Access {
        delivery_id: Digest::of(b"delivery"),
        approval: Some(ApprovalId::new("a1")),
        object_sha256: Digest::of(b"object"),
        class: DataClass::Report,
        destination_hash: Digest::of(b"destination"),
        rule: "partner.read".into(),
    }
}

/// A chain with every kind of entry.
fn chain() -> (Vec<Record>, Head) {
    let asked = requested(all_terms(&[DataClass::Report]).swap_remove(6));
    let live = approved(&asked);
    let admin = member("t1", "u3", WorkspaceKind::Customer, Role::Admin);
    let revoking = revoke(&live, &admin, t0()).unwrap();
    let revoked = settle(&revoking, [], t0()).unwrap();
    let step = |step, approval: &Approval| Event::Approval { step, approval: Box::new(approval.clone()) };
    let events = [
        step(Step::Requested, &asked),
        step(Step::Approved, &live),
        Event::Read { access: access() },
        Event::Refused { access: Access { approval: None, ..access() } },
        step(Step::Revoking, &revoking),
        step(Step::Revoked, &revoked),
        // Twice the same event: the place in the chain tells them apart.
        Event::Read { access: access() },
        Event::Read { access: access() },
    ];
    let mut head = Head::GENESIS;
    let mut records = Vec::new();
    for (n, event) in (1..).zip(events) {
        let (next, record) = append(&head, &tenant(), &entry(n, event)).unwrap();
        head = next;
        records.push(record);
    }
    (records, head)
}

#[test]
fn a_chain_verifies_in_one_go_or_page_by_page() {
    let (records, head) = chain();
    assert_eq!(head.seq, 8);
    assert_eq!(verify(&tenant(), Head::GENESIS, &records), Ok(head));
    assert_eq!(verify_up_to(&tenant(), &records, head), Ok(()));
    for cut in 0..=records.len() {
        let (first, second) = records.split_at(cut);
        let middle = verify(&tenant(), Head::GENESIS, first).unwrap();
        assert_eq!(verify(&tenant(), middle, second), Ok(head));
    }
}

#[test]
fn the_hash_is_the_documented_one() {
    let (head, record) =
        append(&Head::GENESIS, &tenant(), &entry(1, Event::Read { access: access() })).unwrap();
    let bytes =
        [b"\x02\0\0\0\0\0\0\0\x02t1\0\0\0\0\0\0\0\x01", &[0; 32][..], record.entry.as_bytes()].concat();
    assert_eq!(head, Head { seq: 1, hash: Digest::of(&bytes) });
    assert!(
        record
            .entry
            .starts_with(r#"{"actor":{"kind":"user","user":"u1"},"at":"2026-03-01T08:00:01Z","event":{"#)
    );
}

#[test]
fn every_edit_of_every_entry_shows() {
    let (good, _) = chain();
    for n in 0..good.len() {
        let edits: [fn(&mut Record); 6] = [
            |r| r.entry = r.entry.replace("2026", "2025"),
            |r| r.entry.push(' '),
            |r| r.hash = Digest::ZERO,
            |r| r.prev = Digest::of(b"other"),
            |r| r.seq += 1,
            |r| r.tenant = TenantId::new("t2"),
        ];
        for (what, edit) in edits.into_iter().enumerate() {
            let mut bad = good.clone();
            edit(&mut bad[n]);
            let error = verify(&tenant(), Head::GENESIS, &bad).unwrap_err();
            assert_eq!(error.seq, n as u64 + 1, "edit {what}: {error}");
        }
    }
}

#[test]
fn every_flipped_bit_of_an_entry_shows() {
    let (good, _) = chain();
    for at in 0..good[1].entry.len() {
        for bit in 0..7 {
            let mut bytes = good[1].entry.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let Ok(entry) = String::from_utf8(bytes) else { continue };
            let mut bad = good.clone();
            bad[1].entry = entry;
            let want = LedgerError { seq: 2, fault: Fault::Hash };
            assert_eq!(verify(&tenant(), Head::GENESIS, &bad), Err(want));
        }
    }
}

/// An attacker who also recomputes the edited record's own hash breaks the link to the next one, and at the last
/// record the head.
#[test]
fn an_edit_with_its_hash_recomputed_shows_at_the_next_entry() {
    let (good, head) = chain();
    for n in 0..good.len() {
        let mut bad = good.clone();
        let record = &mut bad[n];
        record.entry = record.entry.replace("2026", "2025");
        record.hash = entry_hash(&tenant(), record.seq, &record.prev, &record.entry);
        let error = verify_up_to(&tenant(), &bad, head).unwrap_err();
        let want = if n + 1 < good.len() { Fault::Previous } else { Fault::Head };
        assert_eq!((error.seq, error.fault), ((n as u64 + 2).min(head.seq), want));
    }
}

#[test]
fn every_dropped_entry_shows() {
    let (good, head) = chain();
    for n in 0..good.len() {
        let mut bad = good.clone();
        bad.remove(n);
        let error = verify_up_to(&tenant(), &bad, head).unwrap_err();
        let last = n + 1 == good.len();
        let want = if last { Fault::Head } else { Fault::Sequence { want: n as u64 + 1, got: n as u64 + 2 } };
        assert_eq!(error.fault, want);
        // Renumbering what follows does not help.
        for record in &mut bad[n..] {
            record.seq -= 1;
        }
        assert!(verify_up_to(&tenant(), &bad, head).is_err());
    }
}

#[test]
fn every_swap_shows() {
    let (good, head) = chain();
    for a in 0..good.len() {
        for b in a + 1..good.len() {
            let mut bad = good.clone();
            bad.swap(a, b);
            assert_eq!(verify_up_to(&tenant(), &bad, head).unwrap_err().seq, a as u64 + 1);
            let (seq_a, seq_b) = (bad[a].seq, bad[b].seq);
            (bad[a].seq, bad[b].seq) = (seq_b, seq_a);
            assert!(verify_up_to(&tenant(), &bad, head).is_err(), "renumbered {a} {b}");
        }
    }
}

#[test]
fn every_inserted_or_repeated_entry_shows() {
    let (good, head) = chain();
    let forged = entry(99, Event::Read { access: access() });
    for n in 0..=good.len() {
        let before = verify(&tenant(), Head::GENESIS, &good[..n]).unwrap();
        let mut bad = good.clone();
        bad.insert(n, append(&before, &tenant(), &forged).unwrap().1);
        assert!(verify_up_to(&tenant(), &bad, head).is_err(), "inserted at {n}");
        if n < good.len() {
            let mut bad = good.clone();
            bad.insert(n, good[n].clone());
            assert!(verify_up_to(&tenant(), &bad, head).is_err(), "repeated {n}");
        }
    }
}

#[test]
fn a_chain_is_of_one_workspace() {
    let (records, _) = chain();
    let mut moved = records.clone();
    for record in &mut moved {
        record.tenant = TenantId::new("t2");
    }
    let want = LedgerError { seq: 1, fault: Fault::Hash };
    assert_eq!(verify(&TenantId::new("t2"), Head::GENESIS, &moved), Err(want));
    let want = LedgerError { seq: 1, fault: Fault::Tenant };
    assert_eq!(verify(&TenantId::new("t2"), Head::GENESIS, &records), Err(want));
}

#[test]
fn replay_gives_the_approvals_and_refuses_what_it_cannot_read() {
    let (records, _) = chain();
    let approvals = replay(&records).unwrap();
    assert_eq!(approvals.len(), 1);
    assert_eq!(approvals[&ApprovalId::new("a1")].state, State::Revoked);
    let states: Vec<_> =
        (1..=6).map(|n| replay(&records[..n]).unwrap()[&ApprovalId::new("a1")].state).collect();
    assert_eq!(states[..2], [State::Requested, State::Live]);
    assert_eq!(states[3..], [State::Live, State::Revoking, State::Revoked]);

    let text = records[0].entry.replace("\"kind\":\"approval\"", "\"kind\":\"something_new\"");
    let unknown = Record { entry: text, ..records[0].clone() };
    assert_eq!(replay([&unknown]), Err(LedgerError { seq: 1, fault: Fault::Unreadable }));
    let text = records[0].entry.replace("\"step\":\"requested\"", "\"step\":\"approved\"");
    let still_fits = Record { entry: text.clone(), ..records[0].clone() };
    assert!(replay([&still_fits]).is_ok(), "a first yes of two leaves it requested");
    let text = text.replace("\"step\":\"approved\"", "\"step\":\"revoked\"");
    let misfit = Record { entry: text, ..records[0].clone() };
    assert_eq!(replay([&misfit]), Err(LedgerError { seq: 1, fault: Fault::Step }));
}

#[test]
fn every_kind_has_its_name_and_reads_back() {
    let (records, _) = chain();
    let names: Vec<_> = records.iter().map(|r| r.entry().unwrap().name()).collect();
    let want = [
        "approval.requested",
        "approval.approved",
        "read",
        "refused",
        "approval.revoking",
        "approval.revoked",
        "read",
        "read",
    ];
    assert_eq!(names, want);
    for record in &records {
        assert_eq!(canonical::to_string(&record.entry().unwrap()).unwrap(), record.entry);
    }
}
