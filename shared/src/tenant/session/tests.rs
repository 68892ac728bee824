use proptest::prelude::*;

use super::*;
use crate::ops::SystemRandom;

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const ACTIVE: UserState = UserState { active: true, epoch: 7 };

fn t0() -> Timestamp {
    "2026-03-01T08:00:00Z".parse().unwrap()
}

fn record() -> SessionRecord {
    let sign_in = SignIn {
        tenant: TenantId::new("t1"),
        user: UserId::new("u1"),
        method: Method::Saml,
        epoch: 7,
        saml_not_on_or_after: None,
        strong_auth_at: Some(t0()),
        idp: None,
    };
    open(sign_in, Limits::default(), t0(), &SystemRandom::default()).1
}

/// A record whose last request was at `last_seen`.
fn seen(last_seen: Timestamp) -> SessionRecord {
    SessionRecord { last_seen, ..record() }
}

#[test]
fn idle_ends_at_30_minutes_to_the_second() {
    let end = t0() + IDLE;
    assert_eq!(judge(&record(), ACTIVE, 0, end - SECOND).unwrap().ends(), end);
    assert_eq!(judge(&record(), ACTIVE, 0, end), Err(Ended::Idle));
    assert!(judge(&seen(t0() + SECOND), ACTIVE, 0, end).is_ok());
}

#[test]
fn absolute_ends_at_12_hours_to_the_second() {
    let end = t0() + ABSOLUTE;
    let busy = seen(end - SECOND);
    assert!(judge(&busy, ACTIVE, 0, end - SECOND).is_ok());
    assert_eq!(judge(&busy, ACTIVE, 0, end), Err(Ended::Absolute));
    let tampered = SessionRecord { absolute_expiry: Timestamp::MAX, ..busy };
    assert_eq!(judge(&tampered, ACTIVE, 0, end), Err(Ended::Absolute));
}

#[test]
fn the_identity_providers_limit_ends_it_to_the_second() {
    let end = t0() + SECOND * 90;
    let limited = SessionRecord { saml_not_on_or_after: Some(end), ..record() };
    assert!(judge(&limited, ACTIVE, 0, end - SECOND).is_ok());
    assert_eq!(judge(&limited, ACTIVE, 0, end), Err(Ended::IdpLimit));
    let late = SessionRecord { saml_not_on_or_after: Some(t0() + ABSOLUTE * 2), ..record() };
    assert_eq!(judge(&late, ACTIVE, 0, t0() + IDLE), Err(Ended::Idle));
}

#[test]
fn a_shorter_idle_time_holds_and_a_longer_one_does_not() {
    let short = SessionRecord { idle_seconds: 60, ..record() };
    assert!(judge(&short, ACTIVE, 0, t0() + SECOND * 59).is_ok());
    assert_eq!(judge(&short, ACTIVE, 0, t0() + SECOND * 60), Err(Ended::Idle));
    let long = SessionRecord { idle_seconds: u32::MAX, ..record() };
    assert_eq!(judge(&long, ACTIVE, 0, t0() + IDLE), Err(Ended::Idle));
    let none = SessionRecord { idle_seconds: 0, ..record() };
    assert_eq!(judge(&none, ACTIVE, 0, t0()), Err(Ended::Idle));
}

#[test]
fn deactivation_and_a_new_epoch_end_it_at_once() {
    for epoch in [0, 6, 8] {
        let user = UserState { active: true, epoch };
        assert_eq!(judge(&record(), user, 0, t0()), Err(Ended::EpochChanged));
    }
    let user = UserState { active: false, epoch: 7 };
    assert_eq!(judge(&record(), user, 0, t0()), Err(Ended::Deactivated));
}

#[test]
fn withdrawn_trust_ends_what_saml_opened_before_and_nothing_else() {
    let idp = |withdrawals| {
        let (entity_id, authn_instant, acr) = ("idp".to_owned(), t0(), None);
        Some(IdpSession { entity_id, authn_instant, acr, withdrawals })
    };
    let by = |method, idp| SessionRecord { method, idp, ..record() };
    for (method, idp, alive) in [
        (Method::Saml, idp(1), true),
        // Verified by a connection that was read before the change, and committed after it.
        (Method::Saml, idp(0), false),
        (Method::Saml, None, false),
        (Method::Email, None, true),
        (Method::BreakGlass, None, true),
    ] {
        let judged = judge(&by(method, idp), ACTIVE, 1, t0());
        assert_eq!(judged.is_ok(), alive, "{method:?} {judged:?}");
    }
}

#[test]
fn step_up_lasts_ten_minutes_to_the_second() {
    let fresh = |strong, now| {
        judge(&SessionRecord { strong_auth_at: strong, ..record() }, ACTIVE, 0, now).unwrap().is_fresh()
    };
    assert!(fresh(Some(t0()), t0()));
    assert!(fresh(Some(t0()), t0() + STEP_UP - SECOND));
    assert!(!fresh(Some(t0()), t0() + STEP_UP));
    assert!(!fresh(None, t0()));
    assert!(fresh(Some(t0() + SECOND * 5), t0()));
    assert!(!fresh(Some(t0() + SECOND * 6), t0()), "a factor shown in the future is not fresh");
}

#[test]
fn last_seen_is_written_once_a_minute() {
    let touch = |after| judge(&record(), ACTIVE, 0, t0() + SECOND * after).unwrap().touch();
    assert_eq!(touch(59), None);
    assert_eq!(touch(60), Some(t0() + SECOND * 60));
}

#[test]
fn the_secret_is_256_bits_never_the_same_and_never_printed() {
    let random = SystemRandom::default();
    let (a, b) = (SessionSecret::generate(&random), SessionSecret::generate(&random));
    assert_eq!(a.expose().len(), 43);
    assert_ne!(a.hash(), b.hash());
    assert_eq!(format!("{a:?}"), "SessionSecret");
    let record = record();
    assert!(!format!("{record:?}").contains(record.csrf.expose()));
}

#[test]
fn only_canonical_base64url_of_32_bytes_is_a_secret() {
    let good = URL_SAFE_NO_PAD.encode([0xff; 32]);
    assert!(SessionSecret::parse(&good).is_some());
    let other_bits = format!("{}9", &good[..42]);
    for bad in
        ["", &good[1..], &format!("{good}A"), &format!("{good}="), &other_bits, &good.replace('_', "/")]
    {
        assert!(SessionSecret::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn csrf_wants_the_very_value() {
    let record = record();
    assert!(record.csrf.matches(record.csrf.expose()));
    for bad in ["", "x", &record.csrf.expose()[1..], &record.csrf.expose().to_uppercase()] {
        assert!(!record.csrf.matches(bad));
    }
    assert!(!CsrfToken(String::new()).matches(""));
}

#[test]
fn dynamodb_items_read_back_the_same() {
    let record = SessionRecord { saml_not_on_or_after: Some(t0() + SECOND), ..record() };
    let item: serde_dynamo::Item = serde_dynamo::to_item(&record).unwrap();
    assert_eq!(serde_dynamo::from_item::<_, SessionRecord>(item).unwrap(), record);
}

#[test]
fn a_record_that_lost_a_limit_does_not_read() {
    for field in ["saml_not_on_or_after", "strong_auth_at", "epoch", "absolute_expiry", "idle_seconds"] {
        let mut json = serde_json::to_value(record()).unwrap();
        assert_eq!(serde_json::from_value::<SessionRecord>(json.clone()).unwrap(), record_like(&json));
        json.as_object_mut().unwrap().shift_remove(field);
        assert!(serde_json::from_value::<SessionRecord>(json).is_err(), "{field}");
    }
}

fn record_like(json: &serde_json::Value) -> SessionRecord {
    SessionRecord { csrf: CsrfToken(json["csrf"].as_str().unwrap().to_owned()), ..record() }
}

proptest! {
    /// Alive exactly while before every one of the three ends, worked out here in another way.
    #[test]
    fn alive_means_before_every_end(
        seen_after in 0i64..50_000, idle in 0u32..4_000, saml in proptest::option::of(0i64..50_000),
        now_after in 0i64..60_000,
    ) {
        let record = SessionRecord {
            last_seen: t0() + SECOND * i32::try_from(seen_after).unwrap(),
            idle_seconds: idle,
            saml_not_on_or_after: saml.map(|s| t0() + SECOND * i32::try_from(s).unwrap()),
            ..record()
        };
        let now = t0() + SECOND * i32::try_from(now_after).unwrap();
        let alive = now_after < seen_after + i64::from(idle.min(1_800))
            && now_after < 43_200
            && saml.is_none_or(|limit| now_after < limit);
        prop_assert_eq!(judge(&record, ACTIVE, 0, now).is_ok(), alive);
    }
}
