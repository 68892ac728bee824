//! What a function may do, as the template's statements say it.
//!
//! One rule: what no statement allows is denied, and a `Deny` beats every `Allow`. Of conditions, those on the table's
//! leading keys are read; `tests/tools/iam_check.py` looks at the others.

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
    /// Patterns of partition keys; none holds for every key.
    leading_keys: Vec<String>,
}

/// One thing that a function does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Such as `dynamodb:PutItem`.
    pub action: String,
    /// An ARN, or a logical name with a path behind it, such as `EvidenceBucket/tenants/t1`.
    pub resource: String,
    /// The partition key, in a table.
    pub leading_key: Option<String>,
}

impl Policy {
    /// Reads a function's `Policies`; `managed` finds the resource that a `!Ref` names.
    pub(super) fn read<'t>(policies: &'t Value, managed: impl Fn(&str) -> Option<&'t Value>) -> Self {
        let mut statements = Vec::new();
        for policy in policies.as_sequence().into_iter().flatten() {
            let document = match policy {
                Value::Tagged(tagged) => tagged.value.as_str().and_then(&managed),
                own => Some(own),
            };
            let document = document.map(|document| match &document["Properties"]["PolicyDocument"] {
                Value::Null => document,
                inner => inner,
            });
            let listed = document.and_then(|document| document["Statement"].as_sequence());
            statements.extend(listed.into_iter().flatten().map(Statement::read));
        }
        Self(statements)
    }

    /// Whether the function may do this.
    pub fn allows(&self, act: &Act) -> bool {
        let says = |allows| self.0.iter().any(|one| one.allows == allows && one.covers(act));
        says(true) && !says(false)
    }
}

impl Statement {
    fn read(statement: &Value) -> Self {
        let conditions = statement["Condition"].as_mapping().into_iter().flatten();
        let leading_keys = conditions.flat_map(|(_, keys)| texts(&keys["dynamodb:LeadingKeys"]));
        Self {
            allows: statement["Effect"] == "Allow",
            actions: texts(&statement["Action"]),
            resources: texts(&statement["Resource"]).into_iter().map(|text| pattern(&text)).collect(),
            // `Null: { dynamodb:LeadingKeys: "false" }` says that there must be one.
            leading_keys: leading_keys.filter(|key| key != "false").collect(),
        }
    }

    fn covers(&self, act: &Act) -> bool {
        let any = |patterns: &[String], text: &str| patterns.iter().any(|pattern| matches(pattern, text));
        let keyed = self.leading_keys.is_empty()
            || act.leading_key.as_deref().is_some_and(|key| any(&self.leading_keys, key));
        any(&self.actions, &act.action) && any(&self.resources, &act.resource) && keyed
    }
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

/// `Table.Arn` and `${Table.Arn}` are `Table`; every other `${...}` may be anything.
fn pattern(text: &str) -> String {
    let text = text.strip_suffix(".Arn").unwrap_or(text);
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(name.strip_suffix(".Arn").unwrap_or("*"));
        rest = behind;
    }
    out + rest
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

    fn allows(action: &str, resource: &str, key: Option<&str>) -> bool {
        let (policies, managed): (Value, Value) =
            (serde_norway::from_str(POLICIES).unwrap(), serde_norway::from_str(MANAGED).unwrap());
        let policy = Policy::read(&policies, |name| (name == "Managed").then_some(&managed));
        policy.allows(&Act {
            action: action.to_owned(),
            resource: resource.to_owned(),
            leading_key: key.map(ToOwned::to_owned),
        })
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
