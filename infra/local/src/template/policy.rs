//! What a function may do, as the template's statements say it.
//!
//! One rule: what no statement allows is denied, and a `Deny` beats every `Allow`. A statement in words that are not known
//! here is an error, since half of a policy would be another one.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use serde_norway::Value;

/// The statements of a function: its own, and those of the managed policies that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy(Vec<Statement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    allows: bool,
    actions: Vec<String>,
    /// Patterns of ARNs, in which a resource of the template stands under its logical name.
    resources: Vec<String>,
    /// Whether the resources are those that it is *not* about.
    is_exclusion: bool,
    conditions: Vec<Condition>,
}

/// A test of one of the request's condition keys.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// Some pattern fits; a request without the key passes only if so said (IAM's `ForAllValues`).
    Like { patterns: Vec<String>, passes_without: bool },
    /// Whether the key is absent.
    Null(bool),
}

/// What `${...}` stands for in a policy's texts.
pub(super) type Known<'k> = &'k dyn Fn(&str) -> Option<String>;

/// One thing that a function does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Such as `dynamodb:PutItem`.
    pub action: String,
    /// An ARN, or a logical name with a path behind it, such as `EvidenceBucket/tenants/t1`.
    pub resource: String,
    /// Condition keys with their values, such as `dynamodb:LeadingKeys`.
    pub conditions: BTreeMap<&'static str, String>,
}

impl Policy {
    /// Reads a function's `Policies`; `managed` finds the resource that a `!Ref` names.
    pub(super) fn read<'t>(
        policies: &'t Value,
        managed: impl Fn(&str) -> Option<&'t Value>,
        known: Known<'_>,
    ) -> anyhow::Result<Self> {
        let mut statements = Vec::new();
        for policy in policies.as_sequence().into_iter().flatten() {
            let document = match policy {
                Value::Tagged(tagged) => tagged.value.as_str().and_then(&managed),
                own => Some(own),
            };
            let document = document.context("a policy that is not in the template")?;
            let document = match &document["Properties"]["PolicyDocument"] {
                Value::Null => document,
                inner => inner,
            };
            for statement in document["Statement"].as_sequence().context("a policy without statements")? {
                statements.push(Statement::read(statement, known)?);
            }
        }
        Ok(Self(statements))
    }

    /// Whether the function may do this.
    pub fn allows(&self, act: &Act) -> bool {
        let says = |allows| self.0.iter().any(|one| one.allows == allows && one.covers(act));
        says(true) && !says(false)
    }
}

impl Statement {
    fn read(statement: &Value, known: Known<'_>) -> anyhow::Result<Self> {
        for key in statement.as_mapping().into_iter().flatten().filter_map(|(key, _)| key.as_str()) {
            let words = ["Sid", "Effect", "Action", "Resource", "NotResource", "Condition"];
            ensure!(words.contains(&key), "{key} in a statement is not known here");
        }
        let is_exclusion = !statement["NotResource"].is_null();
        let resources = if is_exclusion { &statement["NotResource"] } else { &statement["Resource"] };
        let mut conditions = Vec::new();
        for (operator, keys) in statement["Condition"].as_mapping().into_iter().flatten() {
            for (key, values) in keys.as_mapping().into_iter().flatten() {
                let (operator, key) = (operator.as_str().unwrap_or_default(), key.as_str());
                let test = Test::read(operator, &texts(values), known)?;
                conditions.push(Condition { key: key.unwrap_or_default().to_owned(), test });
            }
        }
        Ok(Self {
            allows: statement["Effect"] == "Allow",
            actions: texts(&statement["Action"]),
            resources: patterns(&texts(resources), known)?,
            is_exclusion,
            conditions,
        })
    }

    fn covers(&self, act: &Act) -> bool {
        any(&self.actions, &act.action)
            && any(&self.resources, &act.resource) != self.is_exclusion
            && self.conditions.iter().all(|condition| {
                condition.test.passes(act.conditions.get(condition.key.as_str()).map(String::as_str))
            })
    }
}

impl Test {
    fn read(operator: &str, values: &[String], known: Known<'_>) -> anyhow::Result<Self> {
        match operator {
            "StringEquals" | "StringLike" | "ForAnyValue:StringLike" => {
                Ok(Self::Like { patterns: patterns(values, known)?, passes_without: false })
            }
            "ForAllValues:StringLike" => {
                Ok(Self::Like { patterns: patterns(values, known)?, passes_without: true })
            }
            "Null" => Ok(Self::Null(values == ["true"])),
            other => bail!("the condition operator {other} is not known here"),
        }
    }

    fn passes(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::Like { patterns, .. }, Some(value)) => any(patterns, value),
            (Self::Like { passes_without, .. }, None) => *passes_without,
            (Self::Null(absent), value) => value.is_none() == *absent,
        }
    }
}

fn any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, text))
}

/// One text or a list of them; of `!GetAtt` and `!Sub` the text within.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Tagged(tagged) => texts(&tagged.value),
        Value::Sequence(all) => all.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn patterns(texts: &[String], known: Known<'_>) -> anyhow::Result<Vec<String>> {
    texts.iter().map(|text| pattern(text, known)).collect()
}

/// `Table.Arn` and `${Table.Arn}` are `Table`; every other `${...}` is what is known of it.
fn pattern(text: &str, known: Known<'_>) -> anyhow::Result<String> {
    let text = text.strip_suffix(".Arn").unwrap_or(text);
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        let stands_for = name.strip_suffix(".Arn").map(ToOwned::to_owned).or_else(|| known(name));
        out.push_str(before);
        out.push_str(&stands_for.with_context(|| format!("${{{name}}} is not known here"))?);
        rest = behind;
    }
    Ok(out + rest)
}

/// Whether `text` is what `pattern` says, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(behind) = text.strip_prefix(start) else { return false };
    (0..=behind.len()).filter(|at| behind.is_char_boundary(*at)).any(|at| matches(rest, &behind[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICIES: &str = r#"
- !Ref Managed
- Statement:
    - Effect: Allow
      Action: [dynamodb:PutItem, dynamodb:DeleteItem]
      Resource: !GetAtt Table.Arn
      Condition:
        ForAllValues:StringLike: { dynamodb:LeadingKeys: ["T#*"] }
        "Null": { dynamodb:LeadingKeys: "false" }
    - Effect: Allow
      Action: secretsmanager:GetSecretValue
      Resource: !Sub "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${Prefix}/tenants/*"
    - Effect: Allow
      Action: s3:GetObject
      Resource: !Sub "${Bucket.Arn}/tenants/*"
    - Effect: Allow
      Action: ses:SendEmail
      Resource: "*"
      Condition:
        StringEquals: { ses:FromAddress: !Sub "no-reply@${Domain}" }
    - Effect: Allow
      Action: sqs:*
      Resource: "*"
    - Effect: Deny
      Action: sqs:ReceiveMessage
      NotResource: !GetAtt Own.Arn
"#;
    const MANAGED: &str = r#"
Properties:
  PolicyDocument:
    Statement:
      - Effect: Deny
        Action: dynamodb:DeleteItem
        Resource: !GetAtt Table.Arn
        Condition:
          ForAnyValue:StringLike: { dynamodb:LeadingKeys: ["T#*#A"] }
"#;

    fn known(name: &str) -> Option<String> {
        let all =
            [("AWS::Partition", "aws"), ("AWS::Region", "us-east-1"), ("AWS::AccountId", "000000000000")];
        let own = [("Prefix", "atomation"), ("Domain", "a.example")];
        all.iter().chain(&own).find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
    }

    fn read(policies: &str) -> anyhow::Result<Policy> {
        let (policies, managed): (Value, Value) =
            (serde_norway::from_str(policies)?, serde_norway::from_str(MANAGED)?);
        Policy::read(&policies, |name| (name == "Managed").then_some(&managed), &known)
    }

    fn holds(action: &str, resource: &str, conditions: &[(&'static str, &str)]) -> bool {
        read(POLICIES).unwrap().allows(&Act {
            action: action.to_owned(),
            resource: resource.to_owned(),
            conditions: conditions.iter().map(|(key, value)| (*key, (*value).to_owned())).collect(),
        })
    }

    fn allows(action: &str, resource: &str, key: Option<&str>) -> bool {
        let conditions: Vec<_> = key.into_iter().map(|key| ("dynamodb:LeadingKeys", key)).collect();
        holds(action, resource, &conditions)
    }

    #[test]
    fn conditions_and_exclusions_hold() {
        assert!(holds("ses:SendEmail", "arn", &[("ses:FromAddress", "no-reply@a.example")]));
        assert!(!holds("ses:SendEmail", "arn", &[("ses:FromAddress", "no-reply@b.example")]));
        assert!(!holds("ses:SendEmail", "arn", &[]), "nobody knows from whom");
        assert!(holds("sqs:ReceiveMessage", "Own", &[]) && holds("sqs:SendMessage", "Other", &[]));
        assert!(!holds("sqs:ReceiveMessage", "Other", &[]), "denied but for its own");
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for statement in [
            "{ Effect: Allow, NotAction: x, Resource: y }",
            "{ Effect: Allow, Action: x, Resource: y, Condition: { IpAddress: { aws:SourceIp: z } } }",
            "{ Effect: Allow, Action: x, Resource: !Sub '${Nobody}' }",
        ] {
            assert!(read(&format!("- Statement:\n    - {statement}\n")).is_err(), "{statement}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_denied_and_a_deny_beats_an_allow() {
        assert!(allows("dynamodb:PutItem", "Table", Some("T#t1#U")));
        assert!(allows("dynamodb:DeleteItem", "Table", Some("T#t1#U")));
        assert!(!allows("dynamodb:DeleteItem", "Table", Some("T#t1#A")), "denied");
        assert!(!allows("dynamodb:PutItem", "Table", Some("H#acme")), "another key");
        assert!(!allows("dynamodb:PutItem", "Table", None), "no key");
        assert!(!allows("dynamodb:Scan", "Table", Some("T#t1")), "another action");
        assert!(!allows("dynamodb:PutItem", "Other", Some("T#t1")), "another table");
    }

    #[test]
    fn patterns_of_arns_hold() {
        let secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:";
        assert!(allows("secretsmanager:GetSecretValue", &format!("{secret}atomation/tenants/t1/x"), None));
        assert!(!allows("secretsmanager:GetSecretValue", &format!("{secret}atomation/other"), None));
        assert!(allows("s3:GetObject", "Bucket/tenants/t1/a", None));
        assert!(!allows("s3:GetObject", "Bucket/other", None));
    }
}
