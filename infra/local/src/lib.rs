//! The whole deployment on one machine: the functions behind a local gateway, stand-ins for AWS, an Okta twin.
//!
//! One rule: what is deployed is what runs. Routes, queues and schedules come from `infra/template.yaml`;
//! functions get the events that Lambda would hand them and speak to AWS through the real SDK.

pub mod cloud;
pub mod demo;
pub mod functions;
pub mod gateway;
pub mod mounts;
mod outbox;
pub mod saml_check;
pub mod stack;
pub mod template;

pub use stack::{Stack, StackOptions};
