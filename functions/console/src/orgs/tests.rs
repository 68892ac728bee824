use shared::store::connections::PreflightResult;

use super::*;

fn org() -> Connection {
    Connection {
        org: OrgId::new("o-1"),
        okta_url: "https://acme.okta.com".to_owned(),
        label: "Production".to_owned(),
        client_id: None,
        key_id: "k1".to_owned(),
        public_key: json!({}),
        cadence: Cadence::Weekly,
        preflight: None,
        last_scan_at: None,
        created: "2026-03-01T08:00:00Z".parse().unwrap(),
        version: 1,
    }
}

#[test]
fn the_stage_follows_from_the_data() {
    let mut org = org();
    assert_eq!(stage(&org), "waits for its service app");
    org.client_id = Some("0oaTestClient0000001".to_owned());
    assert_eq!(stage(&org), "not checked yet");
    let check = |passed| Some(PreflightResult { at: org.created, passed, table: json!({}) });
    let (bad, good) = (check(false), check(true));
    org.preflight = bad;
    assert_eq!(stage(&org), "permissions are not right");
    org.preflight = good;
    assert_eq!(stage(&org), "ready");
}

#[test]
fn a_label_is_short_and_visible() {
    assert_eq!(label("  Production ").unwrap(), "Production");
    for bad in ["", "  ", "a\u{7}b", &"x".repeat(61)] {
        assert_eq!(label(bad).unwrap_err().code, "label");
    }
}

#[test]
fn what_people_name_is_text_and_no_markup() {
    let org = Connection { label: "<script>".to_owned(), ..org() };
    let page = table(&[org]).into_string();
    assert!(page.contains("&lt;script&gt; (primary)") || page.contains("&lt;script&gt;</a> (primary)"));
    assert!(!page.contains("<script>"));
}

#[test]
fn a_refused_address_is_not_repeated() {
    for input in ["http://secret.example", "https://secret.example", "secret", "https://acme.okta.com/secret"]
    {
        let problem = bad_url(OrgUrl::parse(input).unwrap_err());
        assert!(problem.code.starts_with("org_url.") && !problem.next.contains("secret"), "{input}");
    }
}
