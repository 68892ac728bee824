//! The one crate that every function stands on.
//!
//! | module | holds | may use |
//! |---|---|---|
//! | [`ops`] | time, randomness, settings, logs, CSV | nothing |
//! | [`tenant`] | workspace, roles, permissions, sessions, tokens | `ops` |
//! | [`saml`] | strict SAML 2.0 verification, metadata, requests | `ops` |
//! | [`scim`] | SCIM 2.0 schema, filter, patch, resources, errors | `ops` |
//! | [`okta`] | the read-only Okta client, over a transport trait | `ops` |
//! | [`canonical`] | JSON with one spelling, for what is hashed or signed | nothing |
//! | [`assessment`] | snapshot, rules, findings | `ops`, `okta`, `canonical` |
//! | [`delivery`] | approvals, routing, the ledger | `tenant`, `canonical` |
//! | [`report`] | the report as data, and its formats | `assessment`, `canonical` |
//! | [`store`] | DynamoDB, S3 and the other AWS services: the only place that names those SDKs | all above |
//! | [`http`] | tenant from host, authentication, problem answers | all above |
//!
//! Everything between `ops` and `store` is pure: no HTTP, no AWS, no clock, no environment. Time and randomness
//! come in as parameters. Nothing points back up.

pub mod assessment;
pub mod canonical;
pub mod delivery;
pub mod http;
pub mod okta;
pub mod ops;
pub mod report;
pub mod saml;
pub mod scim;
pub mod store;
pub mod tenant;
