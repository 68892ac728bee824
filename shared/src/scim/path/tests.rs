use proptest::prelude::*;
use scim_v2::filter::PatchPath;

use super::*;
use crate::scim::ScimType;
use crate::scim::filter::tests::value_filter;

const USER: ResourceKind = ResourceKind::User;

fn printed(text: &str, kind: ResourceKind) -> String {
    Path::parse(text, kind).unwrap().to_string()
}

#[test]
fn c09_every_path_form_in_any_case() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    let rows = [
        ("username", "userName"),
        ("NAME.givenNAME", "name.givenName"),
        ("emails[type eq \"work\"].value", "emails[type eq \"work\"].value"),
        ("Emails[TYPE EQ \"work\"].Value", "emails[type eq \"work\"].value"),
        ("emails[type eq \"work\" and primary eq true]", "emails[type eq \"work\" and primary eq true]"),
        (&format!("{core}:userName"), "userName"),
        (&format!("{}:name.familyName", core.to_uppercase()), "name.familyName"),
        (&format!("{core}:emails[type eq \"]\"].value"), "emails[type eq \"]\"].value"),
    ];
    for (text, canonical) in rows {
        assert_eq!(printed(text, USER), canonical);
    }
    let manager = format!("{ENTERPRISE_URN}:manager.value");
    assert_eq!(printed(&manager.to_lowercase(), USER), manager);
    assert_eq!(printed("members[value eq \"1\"]", ResourceKind::Group), "members[value eq \"1\"]");
}

#[test]
fn c10_a_path_that_names_nothing_is_refused() {
    let enterprise_of_a_group = format!("{ENTERPRISE_URN}:department");
    for text in [
        "",
        ".",
        "nope",
        "name.",
        ".name",
        "name.nope",
        "name.givenName.x",
        "userName[value eq \"x\"]",
        "name[givenName eq \"x\"]",
        "emails.value[type eq \"x\"]",
        "emails[type eq \"x\"]value",
        "emails[type eq \"x\"].nope",
        "emails[type eq \"x\"].value.x",
        "emails[type eq \"x\"] ",
        "urn:example:other:userName",
        "urn:ietf:params:scim:schemas:core:2.0:User",
        "roles",
        "department",
        "name\u{e9}",
        "urn:ietf:params:scim:schemas:core:2.0:\u{e9}",
    ] {
        let error = Path::parse(text, USER).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidPath), "{text}");
    }
    assert!(Path::parse(&enterprise_of_a_group, ResourceKind::Group).is_err());
    for text in ["emails[", "emails[]", "emails[type eq \"x\"", "emails[nope eq \"x\"]", "emails[type eq x]"]
    {
        let error = Path::parse(text, USER).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidFilter), "{text}");
    }
}

/// Paths that exist in the table, and texts near them.
fn path_text() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "userName",
        "name",
        "name.givenName",
        "emails",
        "emails.value",
        "addresses",
        "nope",
        "name.nope",
        "EMAILS",
        "urn:ietf:params:scim:schemas:core:2.0:User:emails",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName",
    ]);
    let sub = prop::sample::select(vec!["", ".value", ".type", ".nope", "value", "."]);
    prop_oneof![
        name.clone().prop_map(str::to_owned),
        (name, value_filter(), sub).prop_map(|(name, filter, sub)| format!("{name}[{filter}]{sub}")),
        "[a-z.\\[\\]\" ]{0,20}",
    ]
}

proptest! {
    /// What we take, the oracle takes and reads the same.
    #[test]
    fn the_oracle_agrees_on_paths(text in path_text()) {
        if let Ok(path) = Path::parse(&text, USER) {
            let theirs = text.parse::<PatchPath>();
            prop_assert!(theirs.is_ok(), "only we accept {}", text);
            let ours_again = path.to_string().parse::<PatchPath>();
            prop_assert!(ours_again.is_ok(), "the oracle refuses our print {}", path);
            prop_assert_eq!(Path::parse(&path.to_string(), USER).unwrap(), path);
        }
    }
}
