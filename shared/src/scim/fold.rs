//! When two names are the same name.
//!
//! `userName` and most strings of SCIM compare without case (RFC 7643 `caseExact` false). Case is all
//! that may be ignored: the one rule is that a letter folds only onto its own small letter, so the Kelvin
//! sign never signs in as `k`, and composed and decomposed forms stay two names.

/// The key under which a `userName` is unique and found. Idempotent.
pub fn fold_user_name(name: &str) -> String {
    if name.is_ascii() { name.to_ascii_lowercase() } else { name.chars().map(fold_char).collect() }
}

/// The small letter of `c`, if `c` is that letter's one capital; else `c`.
pub fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match only(c.to_lowercase()) {
        Some(small) if only(small.to_uppercase()) == Some(c) => small,
        _ => c,
    }
}

fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next()?;
    mapped.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn c05_case_variants_fold_to_one_key() {
        for name in ["ADMIN@example.com", "admin@EXAMPLE.com", "Admin@Example.Com"] {
            assert_eq!(fold_user_name(name), "admin@example.com");
        }
        assert_eq!(fold_user_name("ÉLODIE@example.com"), fold_user_name("élodie@example.com"));
        assert_eq!(fold_user_name("ЖАННА"), "жанна");
    }

    #[test]
    fn c23_homoglyphs_and_normal_forms_never_merge() {
        let pairs = [
            ("\u{212a}im@example.com", "kim@example.com"), // Kelvin sign
            ("\u{430}dmin", "admin"),                      // Cyrillic a
            ("\u{410}DMIN", "ADMIN"),                      // Cyrillic A
            ("\u{2126}", "\u{3c9}"),                       // Ohm sign and omega
            ("\u{130}van", "ivan"),                        // dotted capital I
            ("e\u{301}lodie", "\u{e9}lodie"),              // NFD and NFC
            ("stra\u{df}e", "strasse"),
            ("\u{1e9e}", "\u{df}"),
        ];
        for (a, b) in pairs {
            assert_ne!(fold_user_name(a), fold_user_name(b), "{a} and {b} merged");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(name in "\\PC{0,20}") {
            let once = fold_user_name(&name);
            prop_assert_eq!(fold_user_name(&once), once);
        }

        #[test]
        fn at_most_two_letters_share_a_fold(a in any::<char>(), b in any::<char>(), c in any::<char>()) {
            let distinct = a != b && b != c && a != c;
            let merged = fold_char(a) == fold_char(b) && fold_char(b) == fold_char(c);
            prop_assert!(!(distinct && merged));
        }
    }

    #[test]
    fn every_fold_has_at_most_one_capital() {
        let mut capitals = std::collections::BTreeMap::new();
        for c in '\0'..=char::MAX {
            if fold_char(c) != c {
                assert_eq!(capitals.insert(fold_char(c), c), None, "{c:?}");
            }
        }
        assert!(capitals.len() > 1000);
    }
}
