//! Which route takes a request, as an HTTP API decides it: the most specific path, then the method.

use crate::template::{Route, Template};

/// All routes of the deployment.
#[derive(Debug, Clone)]
pub struct Routes(Vec<Entry>);

#[derive(Debug, Clone)]
struct Entry {
    function: String,
    route: Route,
    segments: Vec<Segment>,
}

/// Ordered from the most specific to the least.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter(String),
    /// `{proxy+}`: one or more segments.
    Greedy(String),
}

/// A request's route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'r> {
    pub function: &'r str,
    /// `GET /orgs/{org}/scans`, `ANY /scim/v2/Users`, `$default`.
    pub route_key: String,
    pub parameters: Vec<(String, String)>,
}

impl Routes {
    /// The routes of all functions of the template.
    pub fn of(template: &Template) -> Self {
        let mut entries: Vec<_> = template
            .functions
            .iter()
            .flat_map(|function| function.routes.iter().map(|route| (function.name.clone(), route.clone())))
            .map(|(function, route)| Entry { function, segments: segments(&route.path), route })
            .collect();
        entries.sort_by(|a, b| {
            let last = |e: &Entry| (e.route.path == "$default", e.route.method == "ANY");
            (last(a).0, &a.segments, last(a).1).cmp(&(last(b).0, &b.segments, last(b).1))
        });
        Self(entries)
    }

    /// The route for a request, if any.
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_>> {
        let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
        self.0.iter().find_map(|entry| {
            let takes = entry.route.method == "ANY" || entry.route.method == method;
            let parameters =
                if entry.route.path == "$default" { Some(Vec::new()) } else { entry.matches(&parts) };
            parameters.filter(|_| takes).map(|parameters| Match {
                function: &entry.function,
                route_key: entry.route_key(),
                parameters,
            })
        })
    }
}

impl Entry {
    fn route_key(&self) -> String {
        match self.route.path.as_str() {
            "$default" => "$default".to_owned(),
            path => format!("{} {path}", self.route.method),
        }
    }

    fn matches(&self, parts: &[&str]) -> Option<Vec<(String, String)>> {
        let mut parameters = Vec::new();
        let mut rest = parts;
        for segment in &self.segments {
            let (first, after) = rest.split_first()?;
            match segment {
                Segment::Literal(literal) if literal == first => {}
                Segment::Parameter(name) if !first.is_empty() => {
                    parameters.push((name.clone(), (*first).to_owned()));
                }
                Segment::Greedy(name) => {
                    parameters.push((name.clone(), rest.join("/")));
                    return Some(parameters);
                }
                Segment::Literal(_) | Segment::Parameter(_) => return None,
            }
            rest = after;
        }
        rest.is_empty().then_some(parameters)
    }
}

fn segments(path: &str) -> Vec<Segment> {
    let segment = |part: &str| match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        Some(name) => match name.strip_suffix('+') {
            Some(name) => Segment::Greedy(name.to_owned()),
            None => Segment::Parameter(name.to_owned()),
        },
        None => Segment::Literal(part.to_owned()),
    };
    path.trim_start_matches('/').split('/').map(segment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(method: &str, path: &str) -> String {
        Routes::of(&Template::built_in().unwrap()).find(method, path).unwrap().route_key
    }

    #[test]
    fn the_most_specific_route_wins() {
        assert_eq!(key("GET", "/scim/v2/Users"), "ANY /scim/v2/Users");
        assert_eq!(key("PATCH", "/scim/v2/Users/1"), "ANY /scim/v2/Users/{proxy+}");
        assert_eq!(key("GET", "/scim/v2/Users/1/x"), "ANY /scim/v2/Users/{proxy+}");
        assert_eq!(key("GET", "/scim/v2/Schemas"), "ANY /scim/v2/{proxy+}");
        assert_eq!(key("GET", "/scim/v2"), "ANY /scim/v2");
        assert_eq!(key("POST", "/orgs/o1/scans"), "POST /orgs/{org}/scans");
        assert_eq!(key("GET", "/orgs/o1/scans"), "$default");
        assert_eq!(key("GET", "/"), "$default");
        assert_eq!(key("DELETE", "/auth/saml/acs"), "ANY /auth/saml/acs");
    }
}
