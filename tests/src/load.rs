//! Large states straight into the store: many users, and a group of many members.
//!
//! One rule: what is loaded is what the product would have written (users with their names, their places and the
//! counter; members on both sides), only without its transactions: 25 items to a call, audit records left out. For
//! tests and benchmarks over a [`crate::site::Site`] at rest; 100,000 users are 8,000 calls, some minutes.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, ensure};
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::json;
use shared::{
    scim::{UserAttributes, fold_user_name},
    store::{
        groups::MemberRecord,
        keys::{Key, hashed, sequence},
        table::encode,
        users::{Source, UserRecord},
    },
    tenant::{TenantId, UserId, Workspace, resource_id},
};

use crate::site::{Site, TABLE};

/// DynamoDB's limit.
const PER_CALL: usize = 25;
const CALLS_AT_ONCE: usize = 4;

type Item = HashMap<String, AttributeValue>;

#[derive(Serialize)]
struct Name<'a> {
    id: &'a str,
}

/// Adds `count` users after the first `from` places, the first `members` of them members of `group`. Returns their ids.
pub async fn users(
    site: &Site,
    workspace: &Workspace,
    from: u64,
    count: u64,
    group: &str,
    members: usize,
) -> anyhow::Result<Vec<String>> {
    let tenant = &workspace.tenant;
    let at = site.now();
    let (mut items, mut ids) = (Vec::new(), Vec::new());
    for seq in from + 1..=from + count {
        let is_member = ids.len() < members;
        let id = resource_id::generate(seq, &*site.random);
        let name = format!("loaded.{seq:07}@acme.example");
        let attributes = UserAttributes::from_create(&json!({
            "userName": name, "name": { "givenName": "Loaded", "familyName": "Person" },
            "emails": [{ "value": name, "type": "work", "primary": true }],
        }));
        let user = UserRecord {
            id: UserId::new(id.clone()),
            seq,
            attributes: attributes.map_err(|error| anyhow::anyhow!("{error}"))?,
            active: true,
            folded_name: fold_user_name(&name),
            source: Source::Scim,
            groups: if is_member { [group.to_owned()].into() } else { BTreeSet::new() },
            grants: Vec::new(),
            totp_enrolled: false,
            epoch: 0,
            version: 1,
            created: at,
            updated: at,
            deleted: false,
        };
        let (partition, sk) = sequence('U', seq);
        items.push(item(tenant, &partition, &sk, &user)?);
        items.push(item(tenant, &format!("N#{}", hashed(&user.folded_name)), "U", &Name { id: &id })?);
        if is_member {
            let record = MemberRecord { user: id.clone(), since: at };
            items.push(item(tenant, &format!("M#{group}"), &id, &record)?);
        }
        ids.push(id);
    }
    put(&site.client, items).await?;
    let counter = item(tenant, "C", "U", &json!({ "next": from + count }))?;
    site.client.put_item().table_name(TABLE).set_item(Some(counter)).send().await?;
    Ok(ids)
}

fn item(tenant: &TenantId, partition: &str, sk: &str, value: &impl Serialize) -> anyhow::Result<Item> {
    let Key { pk, sk } = Key::of(tenant, partition, sk);
    let mut item = encode(value)?;
    item.extend([("PK".to_owned(), AttributeValue::S(pk)), ("SK".to_owned(), AttributeValue::S(sk))]);
    Ok(item)
}

async fn put(client: &Client, items: Vec<Item>) -> anyhow::Result<()> {
    let mut calls = Vec::new();
    for items in items.chunks(PER_CALL) {
        let puts = items.iter().map(|item| {
            let put = PutRequest::builder().set_item(Some(item.clone())).build()?;
            anyhow::Ok(WriteRequest::builder().put_request(put).build())
        });
        let puts = puts.collect::<anyhow::Result<Vec<_>>>()?;
        calls.push(async move {
            let answer =
                client.batch_write_item().request_items(TABLE, puts).send().await.context("loading")?;
            ensure!(answer.unprocessed_items.is_none_or(|left| left.is_empty()), "not everything was loaded");
            Ok(())
        });
    }
    stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).try_collect().await
}
