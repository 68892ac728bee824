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
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    ]);
    let sub = prop::sample::select(vec!["", ".value", ".type", ".nope", "value", "."]);
    prop_oneof![
        name.clone().prop_map(str::to_owned),
        (name, value_filter(), sub).prop_map(|(name, filter, sub)| format!("{name}[{filter}]{sub}")),
        "[a-z.\\[\\]\" ]{0,20}",
    ]
}

/// A path with one character changed.
fn near_path() -> impl Strategy<Value = String> {
    (path_text(), any::<prop::sample::Index>(), "[ ()\\[\\]\"a-e.:\\\\-]{0,2}").prop_map(
        |(text, at, change)| {
            let mut chars: Vec<char> = text.chars().collect();
            if !chars.is_empty() {
                let at = at.index(chars.len());
                chars.splice(at..=at, change.chars());
            }
            chars.into_iter().collect()
        },
    )
}

/// Why we refuse what the grammar allows.
const REASONS: [&str; 6] = [
    // The table has no such row. The oracle also skips spaces around names.
    "names no attribute that is kept here",
    "there is no such attribute",
    // It has one value, or values without parts.
    "has no values to select from",
    // A boolean is neither ordered nor any text.
    "this operator does not apply to this attribute",
    "this value is not of the attribute's type",
    // A space, which the oracle skips.
    "goes on after its filter",
];

proptest! {
    /// What we take, the oracle takes and reads as the same tree, from the text and from our print of it; what only the
    /// oracle takes we refuse for a reason that the grammar does not know.
    #[test]
    fn the_oracle_agrees_on_paths(text in prop_oneof![path_text(), near_path()]) {
        let theirs = text.parse::<PatchPath>();
        // As in the tests of filters: the oracle wants a space after `not`, and reads a `pr` after a space.
        let quirk = ["not(", "[ primary", "( primary"].iter().any(|quirk| text.to_lowercase().contains(quirk));
        match Path::parse(&text, USER) {
            Ok(path) => {
                prop_assert!(theirs.is_ok() || quirk, "only we accept {}", text);
                let again = path.to_string().parse::<PatchPath>();
                prop_assert!(again.is_ok(), "the oracle refuses our print {}", path);
                let trees = [theirs, again].into_iter().flatten().map(|theirs| theirs.to_string());
                for tree in trees.chain([path.to_string()]) {
                    let read = Path::parse(&tree, USER).unwrap();
                    prop_assert_eq!(&read, &path, "{} is read as {}", text, tree);
                }
            }
            Err(error) => {
                let known = REASONS.iter().any(|reason| error.detail.contains(reason));
                prop_assert!(theirs.is_err() || known, "only the oracle accepts {}: {}", text, error.detail);
            }
        }
    }
}
