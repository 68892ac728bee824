//! The query of a request, and what it selects: `search` and `filter` expressions, and `fields`.
//!
//! The one rule: what is not understood is an error, never "everything".
//! Source: developer.okta.com "Core Okta API: filter" (a subset of SCIM filters, RFC 7644 3.4.2.2).

use serde_json::{Map, Value};

use super::error::ApiError;

/// Query parameters in the order they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A parsed `search` or `filter`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Present(String),
    Compare(String, Compare, Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    StartsWith,
    Contains,
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let tokens = tokens(text)?;
        let mut rest = tokens.as_slice();
        let filter = disjunction(&mut rest)?;
        if rest.is_empty() { Ok(filter) } else { Err(ApiError::InvalidSearch) }
    }

    pub(crate) fn matches(&self, row: &Value) -> bool {
        match self {
            Self::And(left, right) => left.matches(row) && right.matches(row),
            Self::Or(left, right) => left.matches(row) || right.matches(row),
            Self::Present(path) => lookup(row, path).is_some_and(|value| !value.is_null()),
            Self::Compare(path, op, want) => lookup(row, path).is_some_and(|have| compare(have, *op, want)),
        }
    }
}

/// `profile.login` of a row.
fn lookup<'a>(row: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(row, |value, name| value.get(name))
}

/// Times are compared as text: all of one form, in UTC, they sort as they are.
fn compare(have: &Value, op: Compare, want: &Value) -> bool {
    let (Some(left), Some(right)) = (have.as_str(), want.as_str()) else {
        return match op {
            Compare::Eq => have == want,
            Compare::Ne => have != want,
            _ => false,
        };
    };
    let (left, right) = (left.to_lowercase(), right.to_lowercase());
    match op {
        Compare::Eq => left == right,
        Compare::Ne => left != right,
        Compare::Gt => left > right,
        Compare::Ge => left >= right,
        Compare::Lt => left < right,
        Compare::Le => left <= right,
        Compare::StartsWith => left.starts_with(&right),
        Compare::Contains => left.contains(&right),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Word(String),
    Literal(Value),
}

fn tokens(text: &str) -> Result<Vec<Token>, ApiError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let used = match first {
            '(' => {
                tokens.push(Token::Open);
                1
            }
            ')' => {
                tokens.push(Token::Close);
                1
            }
            '"' => {
                let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
                let Some(Ok(value)) = values.next() else { return Err(ApiError::InvalidSearch) };
                tokens.push(Token::Literal(value));
                values.byte_offset()
            }
            _ => {
                let end = rest
                    .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"'))
                    .unwrap_or(rest.len());
                let word = &rest[..end];
                tokens.push(match serde_json::from_str::<Value>(word) {
                    Ok(value) => Token::Literal(value),
                    Err(_) => Token::Word(word.to_owned()),
                });
                end
            }
        };
        rest = rest[used..].trim_start();
    }
    Ok(tokens)
}

fn disjunction(rest: &mut &[Token]) -> Result<Filter, ApiError> {
    let mut filter = conjunction(rest)?;
    while keyword(rest, "or") {
        filter = Filter::Or(Box::new(filter), Box::new(conjunction(rest)?));
    }
    Ok(filter)
}

fn conjunction(rest: &mut &[Token]) -> Result<Filter, ApiError> {
    let mut filter = term(rest)?;
    while keyword(rest, "and") {
        filter = Filter::And(Box::new(filter), Box::new(term(rest)?));
    }
    Ok(filter)
}

fn term(rest: &mut &[Token]) -> Result<Filter, ApiError> {
    match next(rest)? {
        Token::Open => {
            let filter = disjunction(rest)?;
            if next(rest)? == Token::Close { Ok(filter) } else { Err(ApiError::InvalidSearch) }
        }
        Token::Word(path) => {
            let Token::Word(op) = next(rest)? else { return Err(ApiError::InvalidSearch) };
            let op = match op.to_lowercase().as_str() {
                "pr" => return Ok(Filter::Present(path)),
                "eq" => Compare::Eq,
                "ne" => Compare::Ne,
                "gt" => Compare::Gt,
                "ge" => Compare::Ge,
                "lt" => Compare::Lt,
                "le" => Compare::Le,
                "sw" => Compare::StartsWith,
                "co" => Compare::Contains,
                _ => return Err(ApiError::InvalidSearch),
            };
            match next(rest)? {
                Token::Literal(value) => Ok(Filter::Compare(path, op, value)),
                _ => Err(ApiError::InvalidSearch),
            }
        }
        _ => Err(ApiError::InvalidSearch),
    }
}

fn keyword(rest: &mut &[Token], word: &str) -> bool {
    let found = matches!(rest.first(), Some(Token::Word(have)) if have.eq_ignore_ascii_case(word));
    if found {
        *rest = &rest[1..];
    }
    found
}

fn next(rest: &mut &[Token]) -> Result<Token, ApiError> {
    let (first, tail) = rest.split_first().ok_or(ApiError::InvalidSearch)?;
    *rest = tail;
    Ok(first.clone())
}

/// Keeps what `fields` names: `id,status,profile:(login,email)`.
pub(crate) fn project(row: &Value, fields: &str) -> Value {
    let Value::Object(object) = row else { return row.clone() };
    let mut kept = Map::new();
    for field in split_outside_brackets(fields) {
        let (name, inner) = match field.split_once(":(") {
            Some((name, inner)) => (name.trim(), Some(inner.trim_end_matches(')'))),
            None => (field.trim(), None),
        };
        if let Some(value) = object.get(name) {
            kept.insert(name.to_owned(), inner.map_or_else(|| value.clone(), |inner| project(value, inner)));
        }
    }
    // Okta sends the id whether it is asked for or not.
    if let Some(id) = object.get("id").filter(|_| !kept.contains_key("id")) {
        kept.insert("id".to_owned(), id.clone());
    }
    Value::Object(kept)
}

fn split_outside_brackets(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_select_rows() {
        let row = json!({"status": "ACTIVE", "lastUpdated": "2026-02-02T00:00:00.000Z", "profile": {"login": "Ada@example.com"}, "n": null});
        let matches = |text| Filter::parse(text).unwrap().matches(&row);
        assert!(matches(r#"status eq "active""#));
        assert!(matches(r#"profile.login sw "ada" and lastUpdated gt "2026-01-01T00:00:00.000Z""#));
        assert!(matches(r#"status eq "X" or (status eq "Y" or profile.login eq "ADA@example.com")"#));
        assert!(!matches(r#"status eq "ACTIVE" and status eq "X""#));
        assert!(!matches("n pr"));
        assert!(!matches(r#"missing ne "x""#));
    }

    #[test]
    fn nonsense_is_an_error() {
        for text in [
            "",
            "status",
            "status is \"A\"",
            "status eq A",
            "(status pr",
            "status pr status pr",
            "status eq \"A",
        ] {
            assert_eq!(Filter::parse(text), Err(ApiError::InvalidSearch), "{text}");
        }
    }

    #[test]
    fn fields_are_projected() {
        let row = json!({"id": "1", "status": "A", "profile": {"login": "l", "email": "e", "city": "c"}});
        assert_eq!(
            project(&row, "status,profile:(login,email)"),
            json!({"status": "A", "profile": {"login": "l", "email": "e"}, "id": "1"})
        );
    }
}
