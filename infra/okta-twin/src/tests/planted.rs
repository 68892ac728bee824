//! The known answers, checked against what the API says: by hand, without any rule engine.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::{Clock, Fixture};
use crate::{Expected, Twin};

fn ids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn answer(fixture: &Fixture, rule: &str) -> BTreeSet<String> {
    let answer = fixture.twin.known_answers().iter().find(|answer| answer.rule == rule).unwrap();
    assert_eq!(answer.expected, Expected::Fail, "{rule}");
    assert!(answer.exact, "{rule}");
    answer.resources.iter().cloned().collect()
}

fn days_since(fixture: &Fixture, time: &Value) -> Option<i64> {
    let then: Timestamp = time.as_str()?.parse().unwrap();
    Some((fixture.clock.second() - then.as_second()) / 86_400)
}

#[tokio::test]
async fn every_rule_that_was_asked_for_has_an_answer() {
    let fixture = Fixture::start().await;
    let known: BTreeSet<&str> = fixture.twin.known_answers().iter().map(|answer| answer.rule).collect();
    for rule in "ADM-01 ADM-05 ADM-11 ADM-12 ADM-13 AUT-05 AUT-10 AUT-11 AUT-12 FAC-01 FAC-02 PWD-05 PWD-06 PWD-07 \
                 PWD-10 USR-02 USR-03 USR-09 APP-01 APP-02 APP-03 NET-01 NET-02 NET-05 IDP-01 TOK-02 TOK-03 HOK-01 \
                 RLM-04 RLM-05 LOG-01"
        .split_whitespace()
    {
        assert!(known.contains(rule), "{rule}");
    }
    for answer in fixture.twin.known_answers() {
        assert_eq!(answer.expected == Expected::Fail, !answer.resources.is_empty(), "{}", answer.rule);
    }
}

#[tokio::test]
async fn the_planted_users_are_the_only_ones_at_fault() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    let users = fixture.all(&token, "/api/v1/users").await;
    let select = |keep: &dyn Fn(&Value) -> bool| {
        ids(&users.iter().filter(|user| keep(user)).cloned().collect::<Vec<_>>())
    };
    let idle = select(&|user| {
        user["status"] == "ACTIVE" && days_since(&fixture, &user["lastLogin"]).is_some_and(|days| days > 90)
    });
    assert_eq!(idle, answer(&fixture, "USR-02"));
    let never = select(&|user| {
        let counts = matches!(user["status"].as_str(), Some("ACTIVE" | "PROVISIONED"));
        counts && user["lastLogin"].is_null() && days_since(&fixture, &user["created"]) > Some(30)
    });
    assert_eq!(never, answer(&fixture, "USR-03"));
    let realms = fixture.all(&token, "/api/v1/realms").await;
    let default = realms.iter().find(|realm| realm["isDefault"] == true).unwrap();
    let partner_domains: Vec<&str> =
        realms.iter().filter_map(|realm| realm["profile"]["domains"][0].as_str()).collect();
    let misplaced = select(&|user| {
        let login = user["profile"]["login"].as_str().unwrap();
        user["realmId"] == default["id"]
            && partner_domains.iter().any(|domain| login.ends_with(&format!("@{domain}")))
    });
    assert_eq!(misplaced, answer(&fixture, "RLM-04"));
    let logins: BTreeSet<&str> = users.iter().filter_map(|user| user["profile"]["login"].as_str()).collect();
    assert_eq!(logins.len(), users.len(), "logins are unique");
}

#[tokio::test]
async fn super_admins_are_found_only_through_groups_too() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    let mut holders = BTreeSet::new();
    let mut gone = BTreeSet::new();
    for user in fixture.all(&token, "/api/v1/users").await {
        let id = user["id"].as_str().unwrap().to_owned();
        for role in fixture.all(&token, &format!("/api/v1/users/{id}/roles")).await {
            if role["type"] == "SUPER_ADMIN" {
                holders.insert(id.clone());
            }
            if matches!(user["status"].as_str(), Some("SUSPENDED" | "STAGED" | "DEPROVISIONED")) {
                gone.insert(id.clone());
            }
        }
    }
    assert_eq!(holders.len(), 2);
    assert_eq!(gone, answer(&fixture, "ADM-05"));
    for group in fixture.all(&token, "/api/v1/groups?expand=stats").await {
        let id = group["id"].as_str().unwrap();
        let members = fixture.all(&token, &format!("/api/v1/groups/{id}/users")).await;
        assert_eq!(group["_embedded"]["stats"]["usersCount"], members.len(), "{}", group["profile"]["name"]);
        let roles = fixture.all(&token, &format!("/api/v1/groups/{id}/roles")).await;
        if roles.iter().any(|role| role["type"] == "SUPER_ADMIN") {
            holders.extend(ids(&members));
        }
    }
    assert_eq!(holders, answer(&fixture, "ADM-01"));
    assert!(holders.len() > 5);
}

#[tokio::test]
async fn apps_tokens_and_rules_are_as_planted() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    let select = |rows: &[Value], keep: &dyn Fn(&Value) -> bool| {
        ids(&rows.iter().filter(|row| keep(row)).cloned().collect::<Vec<_>>())
    };
    let apps = fixture.all(&token, "/api/v1/apps").await;
    let stored = |app: &Value| {
        matches!(app["signOnMode"].as_str(), Some("AUTO_LOGIN" | "BASIC_AUTH" | "BROWSER_PLUGIN"))
    };
    assert_eq!(select(&apps, &stored), answer(&fixture, "APP-01"));
    let grants = |app: &Value| app["settings"]["oauthClient"]["grant_types"].to_string();
    assert_eq!(select(&apps, &|app| grants(app).contains("implicit")), answer(&fixture, "APP-02"));
    let redirects = |app: &Value| app["settings"]["oauthClient"]["redirect_uris"].to_string();
    assert_eq!(
        select(&apps, &|app| redirects(app).contains("http:") || redirects(app).contains('*')),
        answer(&fixture, "APP-03")
    );
    let tokens = fixture.all(&token, "/api/v1/api-tokens").await;
    assert_eq!(select(&tokens, &|row| row["network"]["connection"] != "ZONE"), answer(&fixture, "TOK-02"));
    let stale = |row: &Value| {
        days_since(&fixture, &row["lastUpdated"]) > Some(30)
            || days_since(&fixture, &row["created"]) > Some(365)
    };
    assert_eq!(select(&tokens, &stale), answer(&fixture, "TOK-03"));
    let passwords = fixture.all(&token, "/api/v1/policies?type=PASSWORD").await;
    let short = |row: &Value| row["settings"]["password"]["complexity"]["minLength"].as_u64() < Some(12);
    assert_eq!(select(&passwords, &short), answer(&fixture, "PWD-05"));
    let sessions = fixture.all(&token, "/api/v1/policies?type=OKTA_SIGN_ON").await;
    let rules =
        fixture.all(&token, &format!("/api/v1/policies/{}/rules", sessions[0]["id"].as_str().unwrap())).await;
    let session = |row: &Value| row["actions"]["signon"]["session"].clone();
    assert_eq!(
        select(&rules, &|row| session(row)["maxSessionIdleMinutes"].as_u64() > Some(120)),
        answer(&fixture, "AUT-10")
    );
    assert_eq!(
        select(&rules, &|row| session(row)["usePersistentCookie"] == true),
        answer(&fixture, "AUT-12")
    );
}

#[tokio::test]
async fn the_same_seed_makes_the_same_org() {
    let clock = Clock::new();
    let (one, two) =
        (Twin::start(clock.options()).await.unwrap(), Twin::start(clock.options()).await.unwrap());
    assert_eq!(one.users(), two.users());
    assert_eq!(one.known_answers(), two.known_answers());
    assert!(one.change("/api/v1/threats/configuration", &serde_json::json!({"action": "block"})));
    one.shutdown().await;
}
