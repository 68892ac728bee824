use super::*;

fn admit(identity: &Identity, user: Option<UserRecord>, settings: &Settings) -> Result<Admission, Denied> {
    super::admit(identity, Namesake { user, was_deleted: false }, settings)
}

fn identity(name: &str, attributes: &[(&str, &str)]) -> Identity {
    let at = "2026-03-01T12:00:00Z".parse().unwrap();
    Identity {
        name_id: name.to_owned(),
        name_id_format: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified".to_owned(),
        assertion_id: "id1".to_owned(),
        issuer: "http://www.okta.com/exk1".to_owned(),
        in_response_to: None,
        session_index: None,
        authn_instant: at,
        session_not_on_or_after: None,
        not_on_or_after: at,
        authn_context: None,
        attributes: attributes.iter().map(|(n, v)| ((*n).to_owned(), vec![(*v).to_owned()])).collect(),
    }
}

/// A user as the table holds it.
fn user(source: &str, active: bool) -> UserRecord {
    let attributes = json!({
        "userName": "Ada@example.com", "active": active, "title": "Countess",
        "name": { "givenName": "Ada", "familyName": "Byron" },
        "emails": [{ "value": "ada@example.com", "type": "work", "primary": true }],
    });
    serde_json::from_value(json!({
        "id": "u1", "seq": 1, "attributes": attributes.to_string(), "active": active,
        "folded_name": "ada@example.com", "source": source, "epoch": 0, "version": 1,
        "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
    }))
    .unwrap()
}

fn profile(identity: &Identity, user: UserRecord) -> Option<UserAttributes> {
    match admit(identity, Some(user), &Settings::default()).unwrap() {
        Admission::Known { profile, .. } => profile,
        Admission::New(_) => panic!("a second user"),
    }
}

#[test]
fn jit_brings_a_user_without_any_role_in() {
    let named = identity("ada@example.com", &[("firstName", "Ada"), ("lastName", "Lovelace")]);
    let Ok(Admission::New(new)) = admit(&named, None, &Settings::default()) else { panic!("no new user") };
    assert!(new.grants.is_empty() && new.source == Source::Jit && new.attributes.active());
    let attributes = &new.attributes;
    assert_eq!((attributes.given_name(), attributes.family_name()), (Some("Ada"), Some("Lovelace")));
    assert_eq!(attributes.primary_email(), Some("ada@example.com"));
    let Ok(Admission::New(plain)) = admit(&identity("ada", &[]), None, &Settings::default()) else {
        panic!("no new user")
    };
    assert_eq!(plain.attributes.primary_email(), None, "a name that is no address is not made one");
}

#[test]
fn a45_attributes_set_no_role() {
    let greedy = [("role", "Admin"), ("groups", "Admin"), ("roles", "Admin"), ("active", "true")];
    let Ok(Admission::New(new)) = admit(&identity("eve", &greedy), None, &Settings::default()) else {
        panic!("no new user")
    };
    let kept: Vec<_> = new.attributes.to_object().keys().cloned().collect();
    assert_eq!(kept, ["userName", "active"]);
    assert!(new.grants.is_empty());
}

#[test]
fn name_and_email_are_kept_up_to_date_and_nothing_else() {
    let married =
        identity("ADA@example.com", &[("lastName", "Lovelace"), ("email", "ada@lovelace.example.com")]);
    let after = profile(&married, user("jit", true)).unwrap();
    assert_eq!((after.given_name(), after.family_name()), (Some("Ada"), Some("Lovelace")));
    assert_eq!(after.primary_email(), Some("ada@lovelace.example.com"));
    assert_eq!((after.user_name(), &after.to_object()["title"]), ("Ada@example.com", &json!("Countess")));
    assert!(profile(&married, user("scim", true)).is_none(), "SCIM decides for whom it manages");
    let same = identity("ada@example.com", &[("firstName", "Ada"), ("email", "ada@example.com")]);
    assert!(profile(&same, user("jit", true)).is_none());
    let useless = identity("ada@example.com", &[("firstName", " "), ("lastName", "a\nb")]);
    assert!(profile(&useless, user("jit", true)).is_none());
}

/// Alarms and break-glass links go to these addresses: an assertion must not move them.
#[test]
fn the_address_of_who_was_let_in_by_a_person_stays() {
    let elsewhere =
        identity("ada@example.com", &[("lastName", "Lovelace"), ("email", "eve@evil.example.com")]);
    let settings = Settings { break_glass: vec![shared::tenant::UserId::new("u1")], ..Settings::default() };
    let granted = UserRecord { grants: vec![shared::tenant::Role::Admin], ..user("jit", true) };
    for (user, settings) in [
        (user("jit", true), settings),
        (granted, Settings::default()),
        (user("invited", true), Settings::default()),
    ] {
        let Ok(Admission::Known { profile: Some(after), .. }) = admit(&elsewhere, Some(user), &settings)
        else {
            panic!("the name is not kept up to date")
        };
        assert_eq!(after.family_name(), Some("Lovelace"));
        assert_eq!(after.primary_email(), Some("ada@example.com"));
    }
}

#[test]
fn a46_a_deactivated_user_is_disabled_whoever_brought_it() {
    for source in ["scim", "jit", "invited"] {
        let denied =
            admit(&identity("ada@example.com", &[]), Some(user(source, false)), &Settings::default());
        assert_eq!(denied.unwrap_err(), Denied::Disabled);
    }
}

#[test]
fn whom_scim_deleted_comes_back_by_provisioning_alone() {
    let ada = identity("ada@example.com", &[]);
    let settings = Settings::default();
    let named = |user| Namesake { user, was_deleted: true };
    assert_eq!(super::admit(&ada, named(None), &settings).unwrap_err(), Denied::Deleted);
    assert!(super::admit(&ada, named(Some(user("scim", true))), &settings).is_ok());
}

#[test]
fn required_provisioning_lets_only_those_in_who_are_there() {
    let settings = Settings { require_provisioning: true, ..Settings::default() };
    let ada = identity("ada@example.com", &[]);
    assert_eq!(admit(&ada, None, &settings).unwrap_err(), Denied::NotProvisioned);
    assert!(admit(&ada, Some(user("invited", true)), &settings).is_ok());
}

#[test]
fn a44_a_name_that_cannot_be_kept_is_refused() {
    let decomposed = "ame\u{301}lie@example.com";
    assert_eq!(admit(&identity(decomposed, &[]), None, &Settings::default()).unwrap_err(), Denied::Name);
}
