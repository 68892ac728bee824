//! The corpus of `saml-forge`: what is genuine is accepted, what is forged is refused for the reason that it was
//! forged for. A reason that hides another is a failure too.

use std::{collections::BTreeMap, sync::LazyLock};

use saml_forge::{Facts, Fate, Idp, Mutant, Scene, Shape, Signed, genuine, mutations};

use super::harness::{ACS, IDP, REQUEST, SP, SSO, USER, code_of, expectations, judge_with, now};
use crate::saml::{Expectations, IdpMetadata, Verdict};

static PINNED: LazyLock<Idp> = LazyLock::new(|| Idp::new("acme"));
static STRANGER: LazyLock<Idp> = LazyLock::new(|| Idp::new("stranger"));
static METADATA: LazyLock<IdpMetadata> =
    LazyLock::new(|| IdpMetadata::parse(PINNED.metadata_xml(IDP, SSO).as_bytes()).unwrap());

fn facts() -> Facts {
    let text = str::to_owned;
    Facts {
        now: now(),
        issuer: text(IDP),
        acs_url: text(ACS),
        audience: text(SP),
        name_id: text(USER),
        in_response_to: Some(text(REQUEST)),
        serial: 1,
    }
}

fn judge(xml: &[u8]) -> Verdict {
    judge_with(xml, &Expectations { idp: &METADATA, ..expectations() })
}

#[test]
fn genuine_documents_of_every_shape_are_accepted() {
    for shape in Shape::ALL {
        for signed in Signed::ALL {
            for in_response_to in [facts().in_response_to, None] {
                let xml = genuine(&PINNED, shape, signed, &Facts { in_response_to, ..facts() }).xml();
                let identity = judge(xml.as_bytes()).outcome;
                let identity = identity.unwrap_or_else(|no| panic!("{shape:?} {signed:?}: {no}\n{xml}"));
                assert_eq!(identity.name_id, USER, "{shape:?} {signed:?}");
                assert_eq!(identity.attributes, [("department".to_owned(), vec!["Front desk".to_owned()])]);
            }
        }
    }
}

/// Judges every forged document of a row; gives their number for each reason.
fn refused(row: &str) -> String {
    let facts = facts();
    let mut reasons = BTreeMap::new();
    let mut wrong = Vec::new();
    for shape in Shape::ALL {
        for signed in Signed::ALL {
            let scene = Scene { idp: &PINNED, stranger: &STRANGER, shape, signed, facts: &facts };
            for forged in scene.row(row) {
                let got = code_of(&judge(&forged.xml));
                if got != forged.reason {
                    wrong.push(format!("{}: want {}, got {got}", forged.name(), forged.reason));
                }
                *reasons.entry(forged.reason).or_insert(0) += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let lines: Vec<String> = reasons.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    lines.join(", ")
}

/// A test for each row, named after it, with the number of forged documents for each reason.
macro_rules! rows {
    ($($name:ident $row:literal $refused:literal;)*) => {
        $(
            #[test]
            fn $name() {
                assert_eq!(refused($row), $refused);
            }
        )*

        const REFUSED: &[&str] = &[$($refused,)*];
    };
}

rows! {
    a01_xsw1_forged_before_signed "A01" "saml.multiple_assertions 64";
    a02_xsw2_forged_around_signed "A02" "saml.reference_mismatch 32, saml.signature_not_root_or_assertion 208";
    a03_xsw3_forged_beside_signed "A03" "saml.multiple_assertions 96";
    a04_xsw4_signed_inside_forged "A04" "saml.nested_assertion 96";
    a05_xsw5_forged_keeps_the_signature "A05" "saml.multiple_assertions 32, saml.reference_mismatch 96";
    a06_xsw6_signed_inside_the_signature "A06" "saml.signature_children 96";
    a07_xsw7_forged_in_extensions "A07" "saml.multiple_assertions 64, saml.signature_not_root_or_assertion 32";
    a08_xsw8_signed_in_an_object "A08" "saml.object_forbidden 96";
    a09_signed_in_the_issuer "A09" "saml.signature_not_root_or_assertion 88";
    a10_only_a_plain_id_is_a_reference "A10" "saml.reference_form 288, saml.reference_mismatch 48";
    a11_xpath_selects_something_else "A11" "saml.transform_forbidden 96";
    a12_other_transforms "A12" "saml.transform_forbidden 288";
    a13_an_id_is_there_once "A13" "saml.duplicate_id 96, saml.multiple_assertions 48, saml.signature_not_root_or_assertion 16";
    a14_only_the_schema_id_is_an_id "A14" "saml.id_attribute 600";
    a15_a_signature_has_exactly_its_parts "A15" "saml.object_forbidden 48, saml.signature_children 96, saml.signature_shape 1200";
    a16_there_is_one_reference "A16" "saml.signature_shape 72";
    a17_a_signature_there_is "A17" "saml.unsigned 24";
    a19_key_info_is_no_key "A19" "saml.signature 21, saml.untrusted_key 67";
    a20_another_tenants_key "A20" "saml.untrusted_key 24";
    a21_every_restriction_names_us "A21" "saml.audience 192";
    a22_the_issuer_is_the_pinned_one "A22" "saml.issuer 208";
    a23_weak_algorithms "A23" "saml.algorithm 48, saml.weak_algorithm 144";
    a24_algorithms_outside_the_list "A24" "saml.algorithm 240";
    a27_expired "A27" "saml.expired 144, saml.session_expired 48";
    a28_not_yet_valid "A28" "saml.not_yet_valid 72";
    a29_absence_is_never_a_pass "A29" "saml.authn_statement 72, saml.conditions_missing 96, saml.issue_instant 48, saml.nameid 96, saml.unknown_condition 72, saml.version 240";
    a30_issued_now "A30" "saml.issue_instant 96";
    a31_instants_are_utc_and_exact "A31" "saml.timestamp 1536";
    a35_the_recipient_is_this_endpoint "A35" "saml.recipient 288";
    a36_the_destination_is_this_endpoint "A36" "saml.destination 280";
    a37_in_answer_to_what_was_asked "A37" "saml.in_response_to 264";
    a39_the_confirmation_is_one_bearer "A39" "saml.subject_confirmation 240";
    a40_the_status_is_success "A40" "saml.status 216";
    a42_a_name_is_text_only "A42" "saml.nameid 48, xml.cdata 24, xml.processing_instruction 24";
    a43_names_that_are_no_names "A43" "saml.nameid 360";
    a48_document_types "A48" "xml.doctype 192, xml.malformed 48, xml.processing_instruction 24";
    a49_hints_at_other_documents "A49" "saml.nameid 24";
    a50_utf8_only "A50" "xml.encoding 360";
    a51_documents_have_limits "A51" "xml.limits 96";
    a58_encrypted_elements "A58" "saml.encrypted 72";
}

#[test]
fn the_corpus_is_large() {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for part in REFUSED.iter().flat_map(|row| row.split(", ")) {
        let (reason, count) = part.split_once(' ').unwrap();
        *reasons.entry(reason).or_default() += count.parse::<usize>().unwrap();
    }
    assert!(reasons.values().sum::<usize>() >= 2_000, "{reasons:?}");
    let lines: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count:5} {reason}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
      288 saml.algorithm
      192 saml.audience
       72 saml.authn_statement
       96 saml.conditions_missing
      280 saml.destination
       96 saml.duplicate_id
       72 saml.encrypted
      144 saml.expired
      600 saml.id_attribute
      264 saml.in_response_to
      144 saml.issue_instant
      208 saml.issuer
      304 saml.multiple_assertions
      528 saml.nameid
       96 saml.nested_assertion
       72 saml.not_yet_valid
      144 saml.object_forbidden
      288 saml.recipient
      288 saml.reference_form
      176 saml.reference_mismatch
       48 saml.session_expired
       21 saml.signature
      192 saml.signature_children
      344 saml.signature_not_root_or_assertion
     1272 saml.signature_shape
      216 saml.status
      240 saml.subject_confirmation
     1536 saml.timestamp
      384 saml.transform_forbidden
       72 saml.unknown_condition
       24 saml.unsigned
       91 saml.untrusted_key
      240 saml.version
      144 saml.weak_algorithm
       24 xml.cdata
      192 xml.doctype
      360 xml.encoding
       96 xml.limits
       48 xml.malformed
       48 xml.processing_instruction
    ");
}

/// Judges every change of a genuine document; gives how many were refused and how many change nobody.
fn mutated(shape: Shape) -> (usize, usize) {
    let (mut refused, mut harmless) = (0, 0);
    let mut wrong = Vec::new();
    for signed in Signed::ALL {
        let honest = judge(genuine(&PINNED, shape, signed, &facts()).xml().as_bytes()).outcome.unwrap();
        for mutant in mutations(&PINNED, shape, signed, &facts()) {
            let verdict = judge(mutant.xml.as_bytes());
            let right = match (mutant.fate, &verdict.outcome) {
                (Fate::Refused(code), Err(rejection)) => rejection.code() == code,
                // With the key, how somebody signed in and their attributes may be others; who, may not.
                (Fate::Harmless, Ok(identity)) if mutant.keyed => identity.name_id == honest.name_id,
                (Fate::Harmless, Ok(identity)) => *identity == honest,
                _ => false,
            };
            if !right {
                wrong.push(told(&mutant, &verdict));
            }
            *(if mutant.fate == Fate::Harmless { &mut harmless } else { &mut refused }) += 1;
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    (refused, harmless)
}

fn told(mutant: &Mutant, verdict: &Verdict) -> String {
    format!("{}: want {:?}, got {}", mutant.name(), mutant.fate, code_of(verdict))
}

macro_rules! mutants {
    ($($name:ident $shape:ident ($refused:literal, $harmless:literal);)*) => {
        $(
            #[test]
            fn $name() {
                assert_eq!(mutated(Shape::$shape), ($refused, $harmless));
            }
        )*
    };
}

mutants! {
    mutants_of_okta Okta (1559, 298);
    mutants_of_entra_id EntraId (1476, 277);
    mutants_of_ad_fs AdFs (1476, 277);
    mutants_of_google Google (1482, 295);
    mutants_of_keycloak Keycloak (1512, 361);
    mutants_of_ping Ping (1443, 238);
    mutants_of_one_login OneLogin (1476, 277);
    mutants_of_jump_cloud JumpCloud (1476, 277);
}
