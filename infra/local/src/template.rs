//! `infra/template.yaml`, read: what is deployed is what runs here. Routes, queues, schedules, the table's keys, each
//! function's environment and what it may do are said once.

mod policy;

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context, bail};
use serde_norway::Value;

use crate::cloud::{ACCOUNT, REGION};

pub use policy::{Act, Policy};

/// The deployment as the template says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    pub functions: Vec<Function>,
    /// Logical names of queues, each with where its failures go and after how many receives.
    pub queues: BTreeMap<String, Queue>,
    /// Logical names of tables, with their keys.
    pub tables: BTreeMap<String, Table>,
    /// Logical names of buckets, with that of the key that encrypts what lies in them.
    pub buckets: BTreeMap<String, Option<String>>,
    /// Logical names of keys that sign, with their aliases.
    pub signing_keys: BTreeMap<String, Variable>,
    /// Parameters with their defaults.
    pub parameters: BTreeMap<String, String>,
}

/// A table's attributes with a meaning. Keys are strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub pk: String,
    pub sk: Option<String>,
    /// Holds the second at which an item expires.
    pub ttl: Option<String>,
}

/// A value that is known when the stack is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    Text(String),
    /// What a parameter or resource is called.
    Ref(String),
    /// Text with `${Name}` in it.
    Sub(String),
}

/// One function and what invokes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The crate's name, from `CodeUri: ../target/lambda/<name>/`.
    pub name: String,
    pub routes: Vec<Route>,
    pub queue: Option<QueueSource>,
    pub schedules: Vec<Schedule>,
    pub timeout: Duration,
    pub environment: BTreeMap<String, Variable>,
    pub policy: Policy,
}

/// An HTTP API route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `ANY` for every method.
    pub method: String,
    /// `$default`, or a path with `{name}` and a last `{proxy+}`.
    pub path: String,
}

/// A queue's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub visibility: Duration,
    /// Logical name of the dead-letter queue, and receives before a message goes there.
    pub dead_letters: Option<(String, u32)>,
}

/// Messages of a queue go to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    /// Logical name.
    pub queue: String,
    pub batch_size: u32,
    pub reports_failures: bool,
    /// Most invocations at one time (`MaximumConcurrency`), where the template says so.
    pub max_concurrency: Option<usize>,
}

/// A function runs every so often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub name: String,
    pub every: Duration,
}

impl Template {
    /// Reads the template at `path`.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not as expected", path.display()))
    }

    /// The template that this program was built with.
    pub fn built_in() -> anyhow::Result<Self> {
        Self::parse(include_str!("../../template.yaml"))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let root: Value = serde_norway::from_str(text)?;
        let default_timeout = root["Globals"]["Function"]["Timeout"].as_u64().unwrap_or(3);
        let resources = root["Resources"].as_mapping().context("there are no Resources")?;
        let mut template = Self::default();
        for (name, parameter) in root["Parameters"].as_mapping().into_iter().flatten() {
            let default = match &parameter["Default"] {
                Value::Number(number) => number.to_string(),
                default => default.as_str().unwrap_or_default().to_owned(),
            };
            template.parameters.insert(name.as_str().unwrap_or_default().to_owned(), default);
        }
        for (name, resource) in resources {
            let (name, properties) = (name.as_str().unwrap_or_default(), &resource["Properties"]);
            match resource["Type"].as_str() {
                Some("AWS::Serverless::Function") => {
                    let mut function = function(properties, default_timeout, &template.parameters)
                        .with_context(|| name.to_owned())?;
                    let managed = |name: &str| resources.get(name);
                    let known = |name: &str| known(name, &template.parameters);
                    let policy = Policy::read(&properties["Policies"], managed, &known);
                    function.policy = policy.with_context(|| name.to_owned())?;
                    template.functions.push(function);
                }
                Some("AWS::DynamoDB::Table") => {
                    let table = table(properties).with_context(|| name.to_owned())?;
                    template.tables.insert(name.to_owned(), table);
                }
                Some("AWS::S3::Bucket") => {
                    let rules = &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"];
                    let key = &rules[0]["ServerSideEncryptionByDefault"]["KMSMasterKeyID"];
                    template.buckets.insert(name.to_owned(), logical_name(key));
                }
                Some("AWS::KMS::Alias") => {
                    let key = logical_name(&properties["TargetKeyId"]).context("the alias's key")?;
                    if resources.get(&key).is_some_and(|key| key["Properties"]["KeyUsage"] == "SIGN_VERIFY") {
                        let alias = variable(&properties["AliasName"]).context("the alias's name")?;
                        template.signing_keys.insert(key, alias);
                    }
                }
                Some("AWS::SQS::Queue") => drop(template.queues.insert(name.to_owned(), queue(properties))),
                _ => {}
            }
        }
        Ok(template)
    }
}

fn function(
    properties: &Value,
    default_timeout: u64,
    parameters: &BTreeMap<String, String>,
) -> anyhow::Result<Function> {
    let code = properties["CodeUri"].as_str().context("no CodeUri")?;
    let name = code.trim_end_matches('/').rsplit('/').next().context("an empty CodeUri")?.to_owned();
    let timeout = Duration::from_secs(properties["Timeout"].as_u64().unwrap_or(default_timeout));
    let mut out = Function {
        name,
        routes: Vec::new(),
        queue: None,
        schedules: Vec::new(),
        timeout,
        environment: BTreeMap::new(),
        policy: Policy::default(),
    };
    for (name, value) in properties["Environment"]["Variables"].as_mapping().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default().to_owned();
        let value = variable(value).with_context(|| format!("the variable {name}"))?;
        out.environment.insert(name, value);
    }
    for (event_name, event) in properties["Events"].as_mapping().into_iter().flatten() {
        let event_name = event_name.as_str().unwrap_or_default().to_owned();
        let with = &event["Properties"];
        match event["Type"].as_str() {
            Some("HttpApi") => out.routes.push(Route {
                method: with["Method"].as_str().unwrap_or("ANY").to_uppercase(),
                path: with["Path"].as_str().unwrap_or("$default").to_owned(),
            }),
            Some("SQS") => {
                out.queue = Some(QueueSource {
                    queue: logical_name(&with["Queue"]).context("the event's queue")?,
                    batch_size: u32::try_from(with["BatchSize"].as_u64().unwrap_or(10))?,
                    reports_failures: with["FunctionResponseTypes"]
                        .as_sequence()
                        .is_some_and(|s| !s.is_empty()),
                    max_concurrency: number(&with["ScalingConfig"]["MaximumConcurrency"], parameters)?,
                });
            }
            Some("Schedule" | "ScheduleV2") => {
                let expression = with["Schedule"].as_str().or_else(|| with["ScheduleExpression"].as_str());
                let every = rate(expression.context("a schedule without an expression")?)?;
                out.schedules.push(Schedule { name: event_name, every });
            }
            other => bail!("an event of type {other:?}"),
        }
    }
    Ok(out)
}

/// What a parameter or one of AWS's own names stands for in this stack.
fn known(name: &str, parameters: &BTreeMap<String, String>) -> Option<String> {
    match name {
        "AWS::Partition" => Some("aws".to_owned()),
        "AWS::Region" => Some(REGION.to_owned()),
        "AWS::AccountId" => Some(ACCOUNT.to_owned()),
        parameter => parameters.get(parameter).cloned(),
    }
}

fn table(properties: &Value) -> anyhow::Result<Table> {
    let key = |kind: &str| {
        let keys = properties["KeySchema"].as_sequence().into_iter().flatten();
        let mut keys = keys.filter(|key| key["KeyType"] == kind);
        keys.next().and_then(|key| key["AttributeName"].as_str()).map(ToOwned::to_owned)
    };
    let ttl = &properties["TimeToLiveSpecification"];
    let ttl = ttl["Enabled"].as_bool().unwrap_or_default().then(|| ttl["AttributeName"].as_str()).flatten();
    Ok(Table {
        pk: key("HASH").context("no partition key")?,
        sk: key("RANGE"),
        ttl: ttl.map(ToOwned::to_owned),
    })
}

fn variable(value: &Value) -> anyhow::Result<Variable> {
    let Value::Tagged(tagged) = value else {
        return Ok(Variable::Text(value.as_str().context("want text, !Ref or !Sub")?.to_owned()));
    };
    let text = tagged.value.as_str().context("want text")?.to_owned();
    match tagged.tag.to_string().as_str() {
        "!Ref" => Ok(Variable::Ref(text)),
        "!Sub" => Ok(Variable::Sub(text)),
        other => bail!("{other} is not known here"),
    }
}

/// A number, or the one that the parameter has which `!Ref` names; none if nothing is said.
fn number(value: &Value, parameters: &BTreeMap<String, String>) -> anyhow::Result<Option<usize>> {
    if value.is_null() {
        return Ok(None);
    }
    if let Some(number) = value.as_u64() {
        return Ok(Some(usize::try_from(number)?));
    }
    let name = logical_name(value).context("want a number or !Ref")?;
    let text = parameters.get(&name).with_context(|| format!("there is no parameter {name}"))?;
    Ok(Some(text.parse::<usize>().with_context(|| format!("the parameter {name} is no number"))?))
}

fn queue(properties: &Value) -> Queue {
    let redrive = &properties["RedrivePolicy"];
    let dead_letters = logical_name(&redrive["deadLetterTargetArn"])
        .zip(redrive["maxReceiveCount"].as_u64().and_then(|count| u32::try_from(count).ok()));
    Queue {
        visibility: Duration::from_secs(properties["VisibilityTimeout"].as_u64().unwrap_or(30)),
        dead_letters,
    }
}

/// The resource that `!GetAtt Name.Arn` or `!Ref Name` names.
fn logical_name(value: &Value) -> Option<String> {
    let Value::Tagged(tagged) = value else { return None };
    Some(tagged.value.as_str()?.split('.').next()?.to_owned())
}

/// `rate(15 minutes)`
fn rate(expression: &str) -> anyhow::Result<Duration> {
    let inner = expression.strip_prefix("rate(").and_then(|e| e.strip_suffix(')'));
    let (count, unit) = inner.and_then(|e| e.split_once(' ')).context("only rate(...) schedules run here")?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        other => bail!("a rate in {other}"),
    };
    Ok(Duration::from_secs(count.parse::<u64>()? * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_steps_run_at_once_as_the_parameter_says() {
        let template = Template::built_in().unwrap();
        let of = |name: &str| {
            let function = template.functions.iter().find(|function| function.name == name);
            function.and_then(|function| function.queue.clone()).unwrap().max_concurrency
        };
        let said = template.parameters["ScanConcurrency"].parse::<usize>().unwrap();
        assert_eq!(of("scan-worker"), Some(said));
        assert_eq!(of("report-export"), None, "nothing is said of it");
    }

    #[test]
    fn a_number_is_said_or_named() {
        let parameters =
            [("Many", "7"), ("Word", "x")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let parameters = BTreeMap::from(parameters);
        let read = |text: &str| number(&serde_norway::from_str(text).unwrap(), &parameters).ok();
        assert_eq!((read("5"), read("!Ref Many"), read("~")), (Some(Some(5)), Some(Some(7)), Some(None)));
        assert_eq!((read("!Ref Word"), read("!Ref Nobody"), read("text")), (None, None, None));
    }
}
