//! Where a person goes after signing in: a path of the workspace's own, or its start page.

/// A longer path is nobody's.
const MAX: usize = 1024;

/// `path` if it stays on this origin whatever a browser makes of it, else `/`.
pub(crate) fn own(path: Option<&str>) -> &str {
    path.filter(|path| stays_here(path)).unwrap_or("/")
}

/// One slash at the start and nothing that a browser would read as another one.
fn stays_here(path: &str) -> bool {
    let rest = path.strip_prefix('/');
    path.len() <= MAX
        && rest.is_some_and(|rest| !rest.starts_with('/'))
        && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_paths_are_kept() {
        for path in ["/", "/orgs", "/reports/1?tab=a%20b#c", "/a//b"] {
            assert_eq!(own(Some(path)), path);
        }
    }

    #[test]
    fn a57_everything_else_lands_on_the_start_page() {
        let long = format!("/{}", "x".repeat(MAX));
        for path in [
            "https://evil.example.com",
            "//evil.example.com",
            "/\\evil.example.com",
            "\\\\evil.example.com",
            "javascript:alert(1)",
            "/\r\nSet-Cookie: a=b",
            "/\t/evil.example.com",
            "/ä",
            "",
            "orgs",
            &long,
        ] {
            assert_eq!(own(Some(path)), "/", "{path}");
        }
        assert_eq!(own(None), "/");
    }
}
