//! KMS: P-256 signatures, envelope encryption, and keys that can be disabled or destroyed.
//!
//! The one rule: a key that is not enabled does nothing, whatever it is asked
//! (<https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>).

mod key;

use std::collections::BTreeMap;
use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::{ApiError, ApiResult, input};
use super::document::Document;
use super::{ACCOUNT, Surroundings};
use key::{Key, KeyState, Material};

#[derive(Default, Clone, Serialize, Deserialize)]
struct State {
    keys: BTreeMap<String, Key>,
    /// `alias/NAME` to key id.
    aliases: BTreeMap<String, String>,
}

pub(super) struct Kms {
    state: Document<State>,
    surroundings: Surroundings,
}

impl Kms {
    pub(super) fn open(data: Option<&Path>, surroundings: Surroundings) -> anyhow::Result<Self> {
        Ok(Self { state: Document::open(data, "kms.json")?, surroundings })
    }

    pub(super) fn call(&self, operation: &str, body: &Value) -> ApiResult {
        match operation {
            "CreateKey" => self.create_key(input(body)?),
            "CreateAlias" => self.create_alias(input(body)?),
            "DescribeKey" => self.describe_key(&input(body)?),
            "EnableKey" => self.set_state(&input(body)?, |_| KeyState::Enabled),
            "DisableKey" => self.set_state(&input(body)?, |_| KeyState::Disabled),
            "ScheduleKeyDeletion" => self.schedule_deletion(&input(body)?),
            "CancelKeyDeletion" => self.cancel_deletion(&input(body)?),
            "GetPublicKey" => self.get_public_key(&input(body)?),
            "Sign" => self.sign(&input(body)?),
            "Verify" => self.verify(&input(body)?),
            "Encrypt" => self.encrypt(&input(body)?),
            "Decrypt" => self.decrypt(&input(body)?),
            "GenerateDataKey" => self.generate_data_key(&input(body)?),
            _ => Err(ApiError::unknown(operation)),
        }
    }

    fn create_key(&self, request: CreateKey) -> ApiResult {
        let spec = request.key_spec.as_deref().unwrap_or("SYMMETRIC_DEFAULT");
        let usage = request.key_usage.as_deref().unwrap_or("ENCRYPT_DECRYPT");
        let material = match (spec, usage) {
            ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT") => Material::symmetric(),
            ("ECC_NIST_P256", "SIGN_VERIFY") => Material::p256()?,
            _ => return Err(invalid(format!("the local stack has no key {spec} for {usage}"))),
        };
        let id = shared::ops::random::uuid(&*self.surroundings.random).to_string();
        let key = Key {
            material,
            description: request.description.unwrap_or_default(),
            created: (self.surroundings.now)(),
            state: KeyState::Enabled,
        };
        self.state.change(|state| {
            let answer = json!({ "KeyMetadata": metadata(&id, &key) });
            state.keys.insert(id, key);
            Ok(answer)
        })
    }

    fn create_alias(&self, request: CreateAlias) -> ApiResult {
        if !request.alias_name.starts_with("alias/") {
            return Err(invalid("an alias begins with alias/"));
        }
        self.state.change(|state| {
            let (id, _) = state.find(&request.target_key_id, self.now())?;
            if state.aliases.contains_key(&request.alias_name) {
                let message = format!("An alias with the name {} already exists", request.alias_name);
                return Err(ApiError::new("AlreadyExistsException", message));
            }
            state.aliases.insert(request.alias_name, id);
            Ok(json!({}))
        })
    }

    fn describe_key(&self, request: &KeyId) -> ApiResult {
        self.state.read(|state| {
            let (id, key) = state.find(&request.key_id, self.now())?;
            Ok(json!({ "KeyMetadata": metadata(&id, key) }))
        })
    }

    fn set_state(&self, request: &KeyId, next: impl FnOnce(Timestamp) -> KeyState) -> ApiResult {
        self.state.change(|state| {
            let (id, key) = state.find(&request.key_id, self.now())?;
            if let KeyState::PendingDeletion { .. } = key.state {
                return Err(pending_deletion(&id));
            }
            state.set(&id, next(self.now()));
            Ok(json!({}))
        })
    }

    fn schedule_deletion(&self, request: &ScheduleKeyDeletion) -> ApiResult {
        let days = request.pending_window_in_days.unwrap_or(30);
        if !(7..=30).contains(&days) {
            return Err(invalid("PendingWindowInDays must be from 7 to 30"));
        }
        let at = self
            .now()
            .checked_add(SignedDuration::from_hours(24 * days))
            .map_err(|e| invalid(e.to_string()))?;
        self.state.change(|state| {
            let (id, key) = state.find(&request.key_id, self.now())?;
            if let KeyState::PendingDeletion { .. } = key.state {
                return Err(pending_deletion(&id));
            }
            state.set(&id, KeyState::PendingDeletion { at });
            Ok(json!({ "KeyId": key_arn(&id), "DeletionDate": at.as_second(), "KeyState": "PendingDeletion" }))
        })
    }

    fn cancel_deletion(&self, request: &KeyId) -> ApiResult {
        self.state.change(|state| {
            let (id, key) = state.find(&request.key_id, self.now())?;
            if !matches!(key.state, KeyState::PendingDeletion { .. }) {
                return Err(state_error(format!("{} is not pending deletion.", key_arn(&id))));
            }
            // As the service does: a reprieved key comes back disabled.
            state.set(&id, KeyState::Disabled);
            Ok(json!({ "KeyId": key_arn(&id) }))
        })
    }

    fn get_public_key(&self, request: &KeyId) -> ApiResult {
        self.with_key(&request.key_id, |id, key| {
            Ok(json!({
                "KeyId": key_arn(id), "PublicKey": STANDARD.encode(key.material.public_key()?),
                "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": ["ECDSA_SHA_256"],
            }))
        })
    }

    fn sign(&self, request: &Sign) -> ApiResult {
        self.with_key(&request.key_id, |id, key| {
            let signature = key.material.sign(&request.digest()?)?;
            Ok(json!({
                "KeyId": key_arn(id), "Signature": STANDARD.encode(signature), "SigningAlgorithm": "ECDSA_SHA_256",
            }))
        })
    }

    fn verify(&self, request: &Verify) -> ApiResult {
        self.with_key(&request.signed.key_id, |id, key| {
            key.material.verify(&request.signed.digest()?, &bytes(&request.signature)?)?;
            Ok(json!({ "KeyId": key_arn(id), "SignatureValid": true, "SigningAlgorithm": "ECDSA_SHA_256" }))
        })
    }

    fn encrypt(&self, request: &Encrypt) -> ApiResult {
        let plaintext = bytes(&request.plaintext)?;
        if plaintext.is_empty() || plaintext.len() > 4096 {
            return Err(invalid("Plaintext is 1 to 4096 bytes"));
        }
        self.with_key(&request.key_id, |id, key| {
            let blob = key.material.encrypt(id, &plaintext, &request.encryption_context)?;
            Ok(json!({ "KeyId": key_arn(id), "CiphertextBlob": STANDARD.encode(blob) }))
        })
    }

    fn decrypt(&self, request: &Decrypt) -> ApiResult {
        let blob = bytes(&request.ciphertext_blob)?;
        let sealed_with = key::sealed_with(&blob)?;
        self.with_key(&sealed_with, |id, key| {
            if let Some(named) = &request.key_id
                && self.state_id(named)? != id
            {
                return Err(ApiError::new(
                    "IncorrectKeyException",
                    "The key ID in the request does not identify a CMK that can perform this operation.",
                ));
            }
            let plaintext = key.material.decrypt(&blob, &request.encryption_context)?;
            Ok(json!({ "KeyId": key_arn(id), "Plaintext": STANDARD.encode(plaintext) }))
        })
    }

    fn generate_data_key(&self, request: &GenerateDataKey) -> ApiResult {
        let length = match (request.key_spec.as_deref(), request.number_of_bytes) {
            (Some("AES_256"), None) => 32,
            (Some("AES_128"), None) => 16,
            (None, Some(bytes @ 1..=1024)) => bytes,
            _ => return Err(invalid("Please specify either number of bytes or key spec.")),
        };
        self.with_key(&request.key_id, |id, key| {
            let plaintext = key::fresh(length);
            let blob = key.material.encrypt(id, &plaintext, &request.encryption_context)?;
            Ok(json!({
                "KeyId": key_arn(id), "Plaintext": STANDARD.encode(&plaintext),
                "CiphertextBlob": STANDARD.encode(blob),
            }))
        })
    }

    /// Uses a key, if it may be used.
    fn with_key(&self, id: &str, f: impl FnOnce(&str, &Key) -> ApiResult) -> ApiResult {
        // A copy, so that the work is done without the lock.
        let (id, key) = self.state.read(|state| {
            let (id, key) = state.find(id, self.now())?;
            Ok::<_, ApiError>((id, key.clone()))
        })?;
        match key.state {
            KeyState::Enabled => f(&id, &key),
            KeyState::Disabled => {
                Err(ApiError::new("DisabledException", format!("{} is disabled.", key_arn(&id))))
            }
            KeyState::PendingDeletion { .. } => Err(pending_deletion(&id)),
        }
    }

    fn state_id(&self, id: &str) -> Result<String, ApiError> {
        self.state.read(|state| Ok(state.find(id, self.now())?.0))
    }

    fn now(&self) -> Timestamp {
        (self.surroundings.now)()
    }
}

impl State {
    /// By id, ARN, alias or alias ARN. A key whose deletion date has passed is gone.
    fn find(&self, id: &str, now: Timestamp) -> Result<(String, &Key), ApiError> {
        let local = id.strip_prefix(&super::arn("kms", "")).unwrap_or(id);
        let id = match self.aliases.get(local) {
            Some(target) => target,
            None => local.strip_prefix("key/").unwrap_or(local),
        };
        let key = self
            .keys
            .get(id)
            .filter(|key| !matches!(key.state, KeyState::PendingDeletion { at } if at <= now));
        let missing = || {
            let message = format!("Key 'arn:aws:kms:{}:{ACCOUNT}:key/{id}' does not exist", super::REGION);
            ApiError::new("NotFoundException", message)
        };
        Ok((id.to_owned(), key.ok_or_else(missing)?))
    }

    fn set(&mut self, id: &str, next: KeyState) {
        if let Some(key) = self.keys.get_mut(id) {
            key.state = next;
        }
    }
}

fn metadata(id: &str, key: &Key) -> Value {
    let (spec, usage) = key.material.spec_and_usage();
    let mut metadata = json!({
        "AWSAccountId": ACCOUNT, "KeyId": id, "Arn": key_arn(id), "CreationDate": key.created.as_second(),
        "Enabled": key.state == KeyState::Enabled, "Description": key.description, "KeySpec": spec,
        "KeyUsage": usage, "KeyState": key.state.name(), "Origin": "AWS_KMS", "KeyManager": "CUSTOMER",
        "MultiRegion": false,
    });
    if let KeyState::PendingDeletion { at } = key.state {
        metadata["DeletionDate"] = at.as_second().into();
    }
    metadata
}

fn key_arn(id: &str) -> String {
    super::arn("kms", &format!("key/{id}"))
}

fn bytes(base64: &str) -> Result<Vec<u8>, ApiError> {
    STANDARD.decode(base64).map_err(|error| ApiError::new("SerializationException", error.to_string()))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

fn pending_deletion(id: &str) -> ApiError {
    state_error(format!("{} is pending deletion.", key_arn(id)))
}

fn state_error(message: String) -> ApiError {
    ApiError::new("KMSInvalidStateException", message)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateKey {
    key_spec: Option<String>,
    key_usage: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateAlias {
    alias_name: String,
    target_key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyId {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScheduleKeyDeletion {
    key_id: String,
    pending_window_in_days: Option<i64>,
}

/// What Sign and Verify share.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sign {
    key_id: String,
    message: String,
    message_type: Option<String>,
    signing_algorithm: String,
}

impl Sign {
    /// The SHA-256 that is signed: of the message, or the message itself.
    fn digest(&self) -> Result<[u8; 32], ApiError> {
        if self.signing_algorithm != "ECDSA_SHA_256" {
            let message = format!("{} is not an algorithm of this key", self.signing_algorithm);
            return Err(ApiError::new("InvalidKeyUsageException", message));
        }
        let message = bytes(&self.message)?;
        match self.message_type.as_deref().unwrap_or("RAW") {
            "RAW" if (1..=4096).contains(&message.len()) => Ok(key::sha256(&message)),
            "RAW" => Err(invalid("a RAW message is 1 to 4096 bytes")),
            "DIGEST" => message
                .try_into()
                .map_err(|_| invalid("Digest is invalid length for algorithm ECDSA_SHA_256.")),
            other => Err(invalid(format!("the local stack does not know MessageType {other}"))),
        }
    }
}

#[derive(Deserialize)]
struct Verify {
    #[serde(flatten)]
    signed: Sign,
    #[serde(rename = "Signature")]
    signature: String,
}

type Context = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypt {
    key_id: String,
    plaintext: String,
    #[serde(default)]
    encryption_context: Context,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt {
    key_id: Option<String>,
    ciphertext_blob: String,
    #[serde(default)]
    encryption_context: Context,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateDataKey {
    key_id: String,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
    #[serde(default)]
    encryption_context: Context,
}
