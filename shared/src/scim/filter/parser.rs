//! From text to a filter: recursive descent, one pass, no copies but the compared strings.

use jiff::Timestamp;

use super::{Expr, Literal, MAX_DEPTH, MAX_LENGTH, Op};
use crate::scim::ScimError;
use crate::scim::path::AttrPath;
use crate::scim::schema::{Attribute, ResourceKind, Type};

/// Where a filter stops making sense, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The byte, from 0.
    pub at: usize,
    pub why: Why,
}

/// What is wrong at that place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    TooLong,
    TooDeep,
    Expected(&'static str),
    BadString,
    UnknownAttribute,
    NeedsSubAttribute,
    NoElements,
    WrongOperator,
    WrongLiteral,
}

impl Why {
    fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "the filter is too long",
            Self::TooDeep => "the filter nests too deep",
            Self::Expected(what) => what,
            Self::BadString => "the string is not a JSON string",
            Self::UnknownAttribute => "there is no such attribute",
            Self::NeedsSubAttribute => "this attribute is compared by its sub-attributes",
            Self::NoElements => "this attribute has no sub-attributes to filter by",
            Self::WrongOperator => "this operator does not apply to this attribute",
            Self::WrongLiteral => "this value is not of the attribute's type",
        }
    }
}

impl From<Refusal> for ScimError {
    fn from(refusal: Refusal) -> Self {
        let Refusal { at, why } = refusal;
        Self::invalid_filter(format!("The filter is not valid at position {}: {}.", at + 1, why.as_str()))
    }
}

type Parsed<T> = Result<T, Refusal>;

/// The attribute inside whose brackets the parser is.
type Scope = Option<&'static Attribute>;

/// A place in a filter's text.
pub(crate) struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    kind: ResourceKind,
}

impl<'a> Parser<'a> {
    /// The whole text as one filter.
    pub(crate) fn filter(text: &'a str, kind: ResourceKind) -> Parsed<Expr> {
        let mut parser = Self::new(text, 0, kind)?;
        let expr = parser.disjunction(None)?;
        parser.spaces();
        if parser.at < text.len() {
            return Err(parser.expected("expected `and`, `or` or the end"));
        }
        Ok(expr)
    }

    /// The filter in the brackets that open at `bracket`, and the text after them.
    pub(crate) fn value_filter(
        text: &'a str,
        bracket: usize,
        attribute: &'static Attribute,
        kind: ResourceKind,
    ) -> Parsed<(Expr, &'a str)> {
        let mut parser = Self::new(text, bracket + 1, kind)?;
        let expr = parser.disjunction(Some(attribute))?;
        parser.close(b']', "expected `]`")?;
        Ok((expr, &text[parser.at..]))
    }

    fn new(text: &'a str, at: usize, kind: ResourceKind) -> Parsed<Self> {
        if text.len() > MAX_LENGTH {
            return Err(Refusal { at: MAX_LENGTH, why: Why::TooLong });
        }
        Ok(Self { text, at, depth: 0, kind })
    }

    fn disjunction(&mut self, scope: Scope) -> Parsed<Expr> {
        let first = self.conjunction(scope)?;
        if !self.word("or") {
            return Ok(first);
        }
        // `a or (b or c)` is one list of three.
        let terms_of = |expr| if let Expr::Or(terms) = expr { terms } else { vec![expr] };
        let mut terms = terms_of(first);
        loop {
            terms.extend(terms_of(self.conjunction(scope)?));
            if !self.word("or") {
                return Ok(Expr::Or(terms));
            }
        }
    }

    fn conjunction(&mut self, scope: Scope) -> Parsed<Expr> {
        let first = self.term(scope)?;
        if !self.word("and") {
            return Ok(first);
        }
        let terms_of = |expr| if let Expr::And(terms) = expr { terms } else { vec![expr] };
        let mut terms = terms_of(first);
        loop {
            terms.extend(terms_of(self.term(scope)?));
            if !self.word("and") {
                return Ok(Expr::And(terms));
            }
        }
    }

    fn term(&mut self, scope: Scope) -> Parsed<Expr> {
        self.spaces();
        if self.peek() == Some(b'(') {
            return self.group(scope);
        }
        let start = self.at;
        let name = self.take_while(|b| b.is_ascii_alphanumeric() || b"_-:.$".contains(&b));
        if name.eq_ignore_ascii_case("not") {
            self.spaces();
            if self.peek() == Some(b'(') {
                return Ok(Expr::Not(Box::new(self.group(scope)?)));
            }
        }
        if name.is_empty() {
            return Err(self.expected("expected an attribute, `not` or `(`"));
        }
        let path = self.resolve(name, scope).ok_or(Refusal { at: start, why: Why::UnknownAttribute })?;
        if self.peek() == Some(b'[') && scope.is_none() {
            return self.elements(path, start);
        }
        self.comparison(path, start)
    }

    /// `( filter )`, from the opening parenthesis.
    fn group(&mut self, scope: Scope) -> Parsed<Expr> {
        self.open()?;
        let expr = self.disjunction(scope)?;
        self.close(b')', "expected `)`")?;
        self.depth -= 1;
        Ok(expr)
    }

    /// `[ filter ]`, from the opening bracket.
    fn elements(&mut self, path: AttrPath, start: usize) -> Parsed<Expr> {
        if path.sub.is_some() || !path.attribute.is_complex() {
            return Err(Refusal { at: start, why: Why::NoElements });
        }
        self.open()?;
        let inner = self.disjunction(Some(path.attribute))?;
        self.close(b']', "expected `]`")?;
        self.depth -= 1;
        Ok(Expr::Elements(path, Box::new(inner)))
    }

    /// `pr`, or an operator and a value.
    fn comparison(&mut self, path: AttrPath, start: usize) -> Parsed<Expr> {
        self.some_spaces()?;
        let at = self.at;
        let word = self.take_while(|b| b.is_ascii_alphabetic());
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Expr::Present(path));
        }
        let op = operator(word).ok_or(Refusal { at, why: Why::Expected("expected an operator") })?;
        self.some_spaces()?;
        let value_at = self.at;
        let raw = self.literal()?;
        let path = path.comparable().ok_or(Refusal { at: start, why: Why::NeedsSubAttribute })?;
        let literal = typed(path.leaf().kind, raw).ok_or(Refusal { at: value_at, why: Why::WrongLiteral })?;
        if !applies(op, &literal) {
            return Err(Refusal { at, why: Why::WrongOperator });
        }
        Ok(Expr::Compare(path, op, literal))
    }

    fn resolve(&self, name: &str, scope: Scope) -> Option<AttrPath> {
        match scope {
            Some(parent) => parent.sub_attribute(name).map(|sub| AttrPath::top(false, sub)),
            None => AttrPath::resolve(name, self.kind),
        }
    }

    fn literal(&mut self) -> Parsed<Raw> {
        if self.peek() == Some(b'"') {
            return self.string().map(Raw::Text);
        }
        let start = self.at;
        match self.take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
            "true" => Ok(Raw::Bool(true)),
            "false" => Ok(Raw::Bool(false)),
            "null" => Ok(Raw::Null),
            number if serde_json::from_str::<serde_json::Number>(number).is_ok() => Ok(Raw::Number),
            _ => Err(Refusal { at: start, why: Why::Expected("expected a value in JSON") }),
        }
    }

    /// A JSON string, from its opening quote.
    fn string(&mut self) -> Parsed<String> {
        let start = self.at;
        let bad = Refusal { at: start, why: Why::BadString };
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        let mut escaped = false;
        loop {
            match bytes.get(at) {
                None | Some(0..=0x1f) => return Err(bad),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        if !escaped {
            return Ok(self.text[start + 1..at].to_owned());
        }
        let text: String = serde_json::from_str(&self.text[start..=at]).map_err(|_| bad)?;
        if text.contains('\0') { Err(bad) } else { Ok(text) }
    }

    /// Takes ` word ` if it comes next.
    fn word(&mut self, word: &str) -> bool {
        let start = self.at;
        self.spaces();
        let spaced = self.at > start;
        let end = self.at + word.len();
        let found = spaced
            && self
                .text
                .as_bytes()
                .get(self.at..end)
                .is_some_and(|next| next.eq_ignore_ascii_case(word.as_bytes()))
            && self.text.as_bytes().get(end) == Some(&b' ');
        self.at = if found { end } else { start };
        found
    }

    fn open(&mut self) -> Parsed<()> {
        if self.depth == MAX_DEPTH {
            return Err(Refusal { at: self.at, why: Why::TooDeep });
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, bracket: u8, expected: &'static str) -> Parsed<()> {
        self.spaces();
        if self.peek() != Some(bracket) {
            return Err(self.expected(expected));
        }
        self.at += 1;
        Ok(())
    }

    fn spaces(&mut self) {
        self.take_while(|b| b == b' ');
    }

    fn some_spaces(&mut self) -> Parsed<()> {
        if self.take_while(|b| b == b' ').is_empty() {
            return Err(self.expected("expected a space and an operator or value"));
        }
        Ok(())
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.bytes().position(|b| !wanted(b)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, what: &'static str) -> Refusal {
        Refusal { at: self.at, why: Why::Expected(what) }
    }
}

/// A value as written, before the attribute's type is applied.
enum Raw {
    Null,
    Bool(bool),
    Number,
    Text(String),
}

fn operator(word: &str) -> Option<Op> {
    const OPERATORS: [(&str, Op); 9] = [
        ("eq", Op::Eq),
        ("ne", Op::Ne),
        ("co", Op::Co),
        ("sw", Op::Sw),
        ("ew", Op::Ew),
        ("gt", Op::Gt),
        ("ge", Op::Ge),
        ("lt", Op::Lt),
        ("le", Op::Le),
    ];
    OPERATORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|&(_, op)| op)
}

fn typed(kind: Type, raw: Raw) -> Option<Literal> {
    match (kind, raw) {
        (_, Raw::Null) => Some(Literal::Null),
        (Type::Boolean, Raw::Bool(bool)) => Some(Literal::Bool(bool)),
        // Entra quotes booleans.
        (Type::Boolean, Raw::Text(text)) if text.eq_ignore_ascii_case("true") => Some(Literal::Bool(true)),
        (Type::Boolean, Raw::Text(text)) if text.eq_ignore_ascii_case("false") => Some(Literal::Bool(false)),
        (Type::DateTime, Raw::Text(text)) => text.parse().ok().map(|time: Timestamp| Literal::Time(time)),
        (Type::String | Type::Reference(_), Raw::Text(text)) => Some(Literal::Text(text)),
        _ => None,
    }
}

/// RFC 7644 table 3: order is refused for booleans; parts of a text exist only in texts.
fn applies(op: Op, literal: &Literal) -> bool {
    match literal {
        Literal::Text(_) => true,
        Literal::Time(_) => !matches!(op, Op::Co | Op::Sw | Op::Ew),
        Literal::Null | Literal::Bool(_) => matches!(op, Op::Eq | Op::Ne),
    }
}
