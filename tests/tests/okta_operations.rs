//! Our table of endpoints against Okta's own list of operations, where the machine has that list.

use shared::okta::endpoints;

/// Okta's own list of GET operations, where the machine has it.
#[test]
fn each_path_and_scope_is_as_okta_publishes_them() {
    let Some(list) =
        std::env::var_os("OKTA_GET_OPERATIONS").and_then(|path| std::fs::read_to_string(path).ok())
    else {
        eprintln!("skipped: OKTA_GET_OPERATIONS names no list of operations");
        return;
    };
    for e in endpoints::ALL {
        let path = e.path.split('?').next().unwrap_or_default();
        let published = list.lines().filter_map(|line| {
            let mut cells = line.split('\t');
            Some((cells.next()?, cells.next()?))
        });
        let same = |p: &str| {
            p.split('/').count() == path.split('/').count()
                && p.split('/').zip(path.split('/')).all(|(a, b)| a == b || a.starts_with('{'))
        };
        assert!(published.clone().any(|(p, scope)| same(p) && scope == e.scope), "{}", e.key);
    }
}
