//! Responses that the true key signed and that must still sign nobody in. Each is wrong in one place.

use okta_twin::saml::Sign;

use super::harness::*;
use crate::saml::Expectations;

const SKEW: i64 = 120;

#[test]
fn a21_every_audience_restriction_names_us() {
    let other = "https://other.atomation.example.com/saml/metadata".to_owned();
    let us = SP.to_owned();
    for (restrictions, want) in [
        (vec![vec![other.clone()]], "saml.audience"),
        (vec![vec![]], "saml.audience"),
        (vec![vec![us.clone()], vec![other.clone()]], "saml.audience"),
        (vec![vec![us.clone()], vec![]], "saml.audience"),
        (vec![vec![format!("{SP}/")]], "saml.audience"),
        (vec![vec![SP.to_uppercase()]], "saml.audience"),
        (vec![vec![format!(" {SP} ")]], "saml.audience"),
        (vec![vec![other.clone(), us.clone()]], "accepted"),
        (vec![vec![us.clone()], vec![other, us]], "accepted"),
    ] {
        assert_eq!(
            changed(|spec| spec.audience_restrictions.clone_from(&restrictions)),
            want,
            "{restrictions:?}"
        );
    }
}

#[test]
fn a22_the_issuer_is_the_pinned_one() {
    for issuer in [
        "http://www.okta.com/exkother",
        "",
        "http://www.okta.com/exk1example/",
        " http://www.okta.com/exk1example",
    ] {
        assert_eq!(changed(|spec| spec.issuer = Some(issuer.to_owned())), "saml.issuer", "{issuer}");
        assert_eq!(changed(|spec| spec.response_issuer = Some(issuer.to_owned())), "saml.issuer", "{issuer}");
    }
    let xml = genuine(Sign::Nothing).to_xml();
    let (head, assertion) = xml.split_once("<saml2:Assertion").unwrap();
    let format = assertion.replacen("nameid-format:entity", "nameid-format:persistent", 1);
    assert_eq!(code(&sign(&format!("{head}<saml2:Assertion{format}"), Sign::Both)), "saml.issuer");
}

#[test]
fn a22_only_an_unsigned_response_may_leave_its_issuer_out() {
    let xml = genuine(Sign::Nothing).to_xml();
    let bare = xml.replacen(source(&xml, "Issuer"), "", 1);
    assert_eq!(code(&KEY.sign(&bare, "id2000000000000002").unwrap()), "accepted");
    // The twin signs after an Issuer, so the Response's is renamed: to us it is missing.
    let renamed = xml.replacen("<saml2:Issuer", "<x:Issuer xmlns:x=\"urn:x\"", 1).replacen(
        "</saml2:Issuer",
        "</x:Issuer",
        1,
    );
    assert_eq!(code(&sign(&renamed, Sign::Response)), "saml.issuer");
}

#[test]
fn a27_expired_to_the_second() {
    for (offset, want) in [(-SKEW - 1, "saml.expired"), (-SKEW, "saml.expired"), (1 - SKEW, "accepted")] {
        assert_eq!(changed(|spec| spec.not_on_or_after = Some(after(offset))), want, "{offset}");
        assert_eq!(changed(|spec| spec.confirmation_not_on_or_after = Some(after(offset))), want, "{offset}");
    }
    for (offset, want) in [(-SKEW, "saml.session_expired"), (1 - SKEW, "accepted")] {
        assert_eq!(changed(|spec| spec.session_not_on_or_after = Some(after(offset))), want, "{offset}");
    }
}

#[test]
fn a28_not_yet_valid_to_the_second() {
    for (offset, want) in [(SKEW + 1, "saml.not_yet_valid"), (SKEW, "accepted")] {
        assert_eq!(changed(|spec| spec.not_before = Some(after(offset))), want, "{offset}");
        assert_eq!(changed(|spec| spec.confirmation_not_before = Some(after(offset))), want, "{offset}");
        assert_eq!(changed(|spec| spec.authn_instant = Some(after(offset))), want, "{offset}");
    }
}

#[test]
fn a29_absence_is_never_a_pass() {
    assert_eq!(changed(|spec| spec.conditions = false), "saml.conditions_missing");
    assert_eq!(changed(|spec| spec.not_on_or_after = None), "saml.conditions_missing");
    assert_eq!(changed(|spec| spec.audience_restrictions.clear()), "saml.conditions_missing");
    assert_eq!(changed(|spec| spec.authn_statement = false), "saml.authn_statement");
    assert_eq!(changed(|spec| spec.authn_instant = None), "saml.authn_statement");
    assert_eq!(changed(|spec| spec.issuer = Some(String::new())), "saml.issuer");
    assert_eq!(changed(|spec| spec.assertion_version = None), "saml.version");
    assert_eq!(changed(|spec| spec.response_version = None), "saml.version");
    assert_eq!(changed(|spec| spec.response_version = Some("1.1".to_owned())), "saml.version");
    assert_eq!(changed(|spec| spec.assertion_version = Some("2".to_owned())), "saml.version");
    assert_eq!(changed(|spec| spec.assertion_issue_instant = None), "saml.issue_instant");
    assert_eq!(changed(|spec| spec.response_issue_instant = None), "saml.issue_instant");
    assert_eq!(changed(|spec| spec.not_before = None), "accepted");
    assert_eq!(changed(|spec| spec.session_index = None), "accepted");
}

#[test]
fn a30_a_window_of_ten_years_is_ten_minutes_to_us() {
    let ten_years = after(10 * 365 * 86_400);
    for mode in SIGNED {
        let mut spec = genuine(mode);
        spec.not_on_or_after = Some(ten_years.clone());
        spec.confirmation_not_on_or_after = Some(ten_years.clone());
        let xml = signed(&spec);
        let at = |seconds: i64| {
            let now = after(seconds).parse().unwrap();
            code_of(&judge_with(xml.as_bytes(), &Expectations { now, ..expectations() }))
        };
        assert_eq!(at(0), "accepted");
        assert_eq!(at(600 + SKEW), "accepted");
        assert_eq!(at(601 + SKEW), "saml.issue_instant");
        assert_eq!(at(-SKEW), "accepted");
        assert_eq!(at(-SKEW - 1), "saml.issue_instant");
        // The replay row must outlive the Assertion, so the identity says the full end.
        assert_eq!(judge(&xml).outcome.unwrap().not_on_or_after.to_string(), ten_years);
    }
}

#[test]
fn a31_instants_are_utc_and_exact() {
    for text in [
        "",
        "2026-06-19T12:00:00",
        "2026-06-19T12:00:00+14:00",
        "2026-06-19T12:00:60Z",
        "99999-06-19T12:00:00Z",
        "2026-06-19T12:00:00.0000000000000000000000000000000000000001Z",
        "2026-06-31T12:00:00Z",
        "now",
    ] {
        let text = || Some(text.to_owned());
        assert_eq!(changed(|spec| spec.not_before = text()), "saml.timestamp");
        assert_eq!(changed(|spec| spec.not_on_or_after = text()), "saml.timestamp");
        assert_eq!(changed(|spec| spec.confirmation_not_before = text()), "saml.timestamp");
        assert_eq!(changed(|spec| spec.confirmation_not_on_or_after = text()), "saml.timestamp");
        assert_eq!(changed(|spec| spec.assertion_issue_instant = text()), "saml.timestamp");
        assert_eq!(changed(|spec| spec.response_issue_instant = text()), "saml.timestamp");
        assert_eq!(changed(|spec| spec.authn_instant = text()), "saml.timestamp");
        assert_eq!(changed(|spec| spec.session_not_on_or_after = text()), "saml.timestamp");
    }
    for extreme in ["0000-01-01T00:00:00Z", "9999-12-30T21:59:59.999999999Z"] {
        // The ends of what a date can say overflow nothing.
        assert_ne!(changed(|spec| spec.not_before = Some(extreme.to_owned())), "saml.timestamp");
        assert_ne!(changed(|spec| spec.not_on_or_after = Some(extreme.to_owned())), "saml.timestamp");
    }
}

#[test]
fn a35_the_recipient_is_this_endpoint_exactly() {
    for recipient in [
        "",
        "https://other.atomation.example.com/auth/saml/acs",
        "https://acme.atomation.example.com/auth/saml/acs/",
        "https://ACME.atomation.example.com/auth/saml/acs",
        "https://acme.atomation.example.com:443/auth/saml/acs",
        "https://acme.atomation.example.com/auth/%73aml/acs",
        "https://acme.atomation.example.com/auth/x/%2e%2e/saml/acs",
        "https://acme.atomation.example.com/auth/saml/acs?",
    ] {
        assert_eq!(
            changed(|spec| spec.recipient = Some(recipient.to_owned())),
            "saml.recipient",
            "{recipient}"
        );
        assert_eq!(
            changed(|spec| spec.destination = Some(recipient.to_owned())),
            "saml.destination",
            "{recipient}"
        );
    }
    assert_eq!(changed(|spec| spec.recipient = None), "saml.recipient");
}

#[test]
fn a36_a_signed_response_has_a_destination() {
    for (mode, want) in [
        (Sign::Response, "saml.destination"),
        (Sign::Both, "saml.destination"),
        (Sign::Assertion, "accepted"),
    ] {
        let mut spec = genuine(mode);
        spec.destination = None;
        assert_eq!(code(&signed(&spec)), want, "{mode:?}");
    }
}

#[test]
fn a37_only_the_answer_to_this_browsers_request() {
    let other = || Some("_request2".to_owned());
    assert_eq!(
        changed(|spec| (spec.in_response_to, spec.confirmation_in_response_to) = (other(), other())),
        "saml.in_response_to"
    );
    assert_eq!(changed(|spec| spec.in_response_to = other()), "saml.in_response_to");
    assert_eq!(changed(|spec| spec.confirmation_in_response_to = other()), "saml.in_response_to");
    assert_eq!(changed(|spec| spec.in_response_to = None), "saml.in_response_to");
    assert_eq!(changed(|spec| spec.confirmation_in_response_to = None), "saml.in_response_to");
    let empty = || Some(String::new());
    assert_eq!(
        changed(|spec| (spec.in_response_to, spec.confirmation_in_response_to) = (empty(), empty())),
        "saml.in_response_to"
    );
    let none_open = Expectations { request_ids: &[], ..expectations() };
    let verdict = judge_with(signed(&genuine(Sign::Both)).as_bytes(), &none_open);
    assert_eq!(code_of(&verdict), "saml.in_response_to");
}

#[test]
fn a38_idp_initiated_only_with_the_switch() {
    let closed = Expectations { allow_idp_initiated: false, ..expectations() };
    for mode in SIGNED {
        let mut spec = genuine(mode);
        (spec.in_response_to, spec.confirmation_in_response_to) = (None, None);
        assert_eq!(code(&signed(&spec)), "accepted");
        assert_eq!(code_of(&judge_with(signed(&spec).as_bytes(), &closed)), "saml.idp_initiated");
    }
}

#[test]
fn a39_the_confirmation_is_one_bearer() {
    let method = |method: &str| Some(format!("urn:oasis:names:tc:SAML:2.0:cm:{method}"));
    assert_eq!(changed(|spec| spec.confirmation = method("holder-of-key")), "saml.subject_confirmation");
    assert_eq!(changed(|spec| spec.confirmation = method("sender-vouches")), "saml.subject_confirmation");
    assert_eq!(changed(|spec| spec.confirmation = None), "saml.subject_confirmation");
    assert_eq!(changed(|spec| spec.confirmation_not_on_or_after = None), "saml.subject_confirmation");
    let xml = genuine(Sign::Nothing).to_xml();
    let (confirmation, data) = (source(&xml, "SubjectConfirmation"), source(&xml, "SubjectConfirmationData"));
    for (from, to) in [(confirmation, confirmation.repeat(2)), (data, data.repeat(2)), (data, String::new())]
    {
        for mode in SIGNED {
            assert_eq!(code(&sign(&replaced(&xml, from, &to), mode)), "saml.subject_confirmation");
        }
    }
}

#[test]
fn a40_the_status_is_success() {
    for status in ["Responder", "Requester", "AuthnFailed", "success", ""] {
        let status = format!("urn:oasis:names:tc:SAML:2.0:status:{status}");
        assert_eq!(changed(|spec| spec.status.clone_from(&status)), "saml.status", "{status}");
    }
    let xml = genuine(Sign::Nothing).to_xml();
    for (from, times) in
        [(source(&xml, "Status"), 0), (source(&xml, "Status"), 2), (source(&xml, "StatusCode"), 0)]
    {
        for mode in SIGNED {
            assert_eq!(code(&sign(&replaced(&xml, from, &from.repeat(times)), mode)), "saml.status");
        }
    }
}

#[test]
fn conditions_that_nobody_knows_are_refused() {
    let xml = genuine(Sign::Nothing).to_xml();
    let with =
        |condition: &str| replaced(&xml, "</saml2:Conditions>", &format!("{condition}</saml2:Conditions>"));
    for (condition, want) in [
        ("<saml2:OneTimeUse/>", "accepted"),
        ("<saml2:ProxyRestriction Count=\"0\"/>", "accepted"),
        ("<saml2:Condition/>", "saml.unknown_condition"),
        ("<x:Delegation xmlns:x=\"urn:x\"/>", "saml.unknown_condition"),
        ("<x:AudienceRestriction xmlns:x=\"urn:x\"/>", "saml.unknown_condition"),
        ("<AudienceRestriction/>", "saml.unknown_condition"),
    ] {
        for mode in SIGNED {
            assert_eq!(code(&sign(&with(condition), mode)), want, "{condition}");
        }
    }
}

#[test]
fn statements_and_subjects_are_there_once() {
    let xml = genuine(Sign::Nothing).to_xml();
    for (name, want) in [
        ("AuthnStatement", "saml.authn_statement"),
        ("Conditions", "saml.conditions_missing"),
        ("Subject", "saml.nameid"),
        ("NameID", "saml.nameid"),
    ] {
        let element = source(&xml, name);
        for mode in SIGNED {
            assert_eq!(
                code(&sign(&replaced(&xml, element, &element.repeat(2)), mode)),
                want,
                "two of {name}"
            );
            assert_eq!(code(&sign(&replaced(&xml, element, ""), mode)), want, "no {name}");
        }
    }
}

#[test]
fn a_response_has_an_id_signed_or_not() {
    let spec = genuine(Sign::Assertion);
    let xml = signed(&spec);
    let id = format!(" ID=\"{}\"", spec.response_id);
    for other in ["", " ID=\"\"", " ID=\"1\"", " ID=\"a b\""] {
        assert_eq!(code(&replaced(&xml, &id, other)), "saml.response_id", "{other}");
    }
    assert_eq!(code(&replaced(&xml, &id, " ID=\"another\"")), "accepted");
}
