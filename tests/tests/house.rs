//! A Lambda is its crate, its resource in the template, its sample event and its mount: none without the others.

use std::{collections::BTreeSet, path::Path};

use lambda_http::aws_lambda_events::{
    apigw::ApiGatewayV2httpRequest, eventbridge::EventBridgeEvent, sqs::SqsEvent,
};
use local::template::{Function, Template};
use serde_json::{Value, json};
use tests::{
    routes::{self, METHODS, root},
    site::Site,
};

type Outcome = anyhow::Result<()>;

/// Names below a folder, without their extension.
fn names(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    Ok(entries.iter().filter_map(|entry| stem(&entry.path())).collect())
}

fn sample(function: &str) -> anyhow::Result<Value> {
    let path = root().join("events").join(format!("{function}.json"));
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

#[test]
fn every_function_has_a_crate_a_resource_and_a_sample_event() -> Outcome {
    let template: BTreeSet<_> = Template::built_in()?.functions.into_iter().map(|f| f.name).collect();
    assert_eq!(names(&root().join("functions"))?, template, "crates and resources");
    assert_eq!(names(&root().join("events"))?, template, "sample events and resources");
    Ok(())
}

/// What is deployed is the binary: an empty `main` would build, and answer nothing.
#[test]
fn every_binary_starts_its_own_function() -> Outcome {
    for function in Template::built_in()?.functions {
        let main = root().join("functions").join(&function.name).join("src/main.rs");
        let main = std::fs::read_to_string(main)?;
        let own = format!("{}::", function.name.replace('-', "_"));
        assert!(main.contains(&own) && main.contains("run("), "{} starts nothing of its own", function.name);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_is_mounted() -> Outcome {
    let site = Site::start().await?;
    let template: BTreeSet<_> = site.stack.template.functions.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(site.stack.functions.names().collect::<BTreeSet<_>>(), template);
    Ok(())
}

#[test]
fn every_sample_event_is_what_its_source_sends() -> Outcome {
    for function in Template::built_in()?.functions {
        let (name, event) = (&function.name, sample(&function.name)?);
        match kind(&function) {
            "http" => {
                let event: ApiGatewayV2httpRequest = serde_json::from_value(event)?;
                let method = event.request_context.http.method.as_str();
                let path = event.raw_path.unwrap_or_default();
                let template = Template::built_in()?;
                let routes = local::gateway::routes::Routes::of(&template);
                let found =
                    routes.find(method, &path).map(|found| (found.function.to_owned(), found.route_key));
                assert_eq!(
                    found,
                    Some((name.clone(), event.route_key.unwrap_or_default())),
                    "{name}: {path}"
                );
            }
            "sqs" => {
                let event: SqsEvent = serde_json::from_value(event)?;
                assert!(event.records.iter().all(|r| r.body.is_some() && r.message_id.is_some()), "{name}");
            }
            _ => {
                let event: EventBridgeEvent<Value> = serde_json::from_value(event)?;
                assert_eq!(
                    (event.source.as_str(), event.detail_type.as_str()),
                    ("aws.events", "Scheduled Event")
                );
            }
        }
    }
    Ok(())
}

/// Red for a function that is not mounted, as `every_function_is_mounted` is.
#[tokio::test(flavor = "multi_thread")]
async fn every_sample_event_gets_its_answer() -> Outcome {
    let site = Site::start().await?;
    site.customer("acme").await?;
    let mut wrong = Vec::new();
    for function in &site.stack.template.functions {
        let answer = site.stack.functions.invoke(&function.name, sample(&function.name)?).await;
        let want = answer_to(&function.name);
        let is_so = |answer: &Value| {
            want.as_object()
                .is_some_and(|want| want.iter().all(|(key, value)| answer.get(key) == Some(value)))
        };
        if !answer.as_ref().is_ok_and(is_so) {
            wrong.push(format!("{}: want {want}, got {answer:?}", function.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// What the answer to a function's sample has, in a workspace where nothing is set up yet.
fn answer_to(function: &str) -> Value {
    match function {
        // A browser that is not signed in is shown the way.
        "console" => json!({ "statusCode": 303 }),
        // A tool is told, and the samples' token is none.
        "evidence-router" | "scim-discovery" | "scim-groups" | "scim-root" | "scim-users" => {
            json!({ "statusCode": 401 })
        }
        // No identity provider is trusted.
        "saml-acs" | "saml-login" => json!({ "statusCode": 403 }),
        "okta-jwks" => json!({ "statusCode": 200 }),
        // The samples name no scan of ours: they are done with and do not come again.
        "report-export" | "scan-worker" => json!({ "batchItemFailures": [] }),
        // Nothing is due.
        "scan-trigger" => json!({ "looked": 0, "began": 0, "failed": 0 }),
        "housekeeping" => json!({ "metadata": {}, "approvals": { "ended": 0, "failed": 0 } }),
        _ => Value::Null,
    }
}

#[test]
fn it_is_said_what_every_route_takes() -> Outcome {
    let mut unsaid = Vec::new();
    for place in routes::all()? {
        let changes = METHODS.into_iter().filter(|method| place.methods.contains_key(method));
        // `any` answers every method alike and reads no body.
        let changes =
            changes.filter(|method| place.methods.len() < METHODS.len() && !place.is_described(method));
        unsaid.extend(changes.map(|method| format!("{method} {}", place.path)));
    }
    assert!(unsaid.is_empty(), "say in tests/src/routes.rs what these take:\n{}", unsaid.join("\n"));
    Ok(())
}

#[test]
fn every_route_is_one_that_the_template_sends_to_its_function() -> Outcome {
    let template = Template::built_in()?;
    let routes = local::gateway::routes::Routes::of(&template);
    for place in routes::all()? {
        let path = place.with(&["1", "2", "3"]);
        for (method, function) in &place.methods {
            let found = routes.find(method, &path).map(|found| found.function.to_owned());
            assert_eq!(found.as_ref(), Some(function), "{method} {}", place.path);
        }
    }
    Ok(())
}

/// What the sample of a function is: the first of its sources, HTTP for those that have only that.
fn kind(function: &Function) -> &'static str {
    if function.queue.is_some() {
        "sqs"
    } else if !function.schedules.is_empty() {
        "schedule"
    } else {
        "http"
    }
}

/// How many rows the families of the bad-input catalogue have that are about signing in (the ACS, what is fetched for
/// it, sessions) and about provisioning.
const ROWS: [(char, u32); 4] = [('a', 60), ('b', 12), ('c', 26), ('d', 6)];

#[test]
fn every_row_of_the_catalogue_has_a_test_named_after_it() -> Outcome {
    let mut tested = BTreeSet::new();
    for folder in ["shared", "functions", "infra", "tests"] {
        rows_of(&root().join(folder), &mut tested)?;
    }
    let all =
        ROWS.into_iter().flat_map(|(family, last)| (1..=last).map(move |row| format!("{family}{row:02}")));
    let missing: Vec<_> = all.filter(|row| !tested.contains(row)).collect();
    assert!(missing.is_empty(), "no test is named after {}", missing.join(", "));
    Ok(())
}

/// The rows that the tests below a folder are named after: `a52_a53_forms_that_are_none` is named after two.
fn rows_of(folder: &Path, rows: &mut BTreeSet<String>) -> Outcome {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rows_of(&path, rows)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path)?;
            let mut lines = source.lines().map(str::trim);
            while let Some(line) = lines.next() {
                // A test, or a line of the corpus, which makes one of each.
                let test = (line.starts_with("#[") && line.contains("test")).then(|| lines.next()).flatten();
                let name = test.and_then(|test| test.split_once("fn ")).map(|(_, name)| name);
                let name = name.or_else(|| line.split_once(" \"").map(|(name, _)| name)).unwrap_or_default();
                rows.extend(name.split('_').take_while(|part| is_row(part)).map(str::to_owned));
            }
        }
    }
    Ok(())
}

fn is_row(part: &str) -> bool {
    let digits = part.strip_prefix(['a', 'b', 'c', 'd']).unwrap_or_default();
    digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit())
}
