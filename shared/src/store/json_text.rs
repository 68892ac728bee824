//! A value kept as JSON text: it comes back exactly as it went in, in the same order.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _, ser::Error as _,
};

pub(super) fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&serde_json::to_string(value).map_err(S::Error::custom)?)
}

pub(super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    // The text is not quoted in the error: it may hold personal data.
    serde_json::from_str(&String::deserialize(deserializer)?)
        .map_err(|_| D::Error::custom("not the JSON it should be"))
}

/// A value as [`serialize`] keeps it, for single-attribute updates.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct JsonText<'a, T: Serialize>(#[serde(serialize_with = "by_reference")] pub(super) &'a T);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn by_reference<T: Serialize, S: Serializer>(value: &&T, serializer: S) -> Result<S::Ok, S::Error> {
    serialize(*value, serializer)
}
