//! Requests and answers as API Gateway's HTTP APIs (payload format 2.0) put them to Lambda and back.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use anyhow::Context;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::routes::Match;

/// What the gateway adds to a request.
pub(super) struct Arrival<'a> {
    /// The host that the request came for, without a port.
    pub domain_name: &'a str,
    pub request_id: &'a str,
    pub at: Timestamp,
    pub source_ip: &'a str,
}

/// The event that the function gets.
pub(super) fn event(parts: &Parts, body: &[u8], found: &Match<'_>, arrival: &Arrival<'_>) -> Value {
    let (headers, cookies) = headers(&parts.headers, arrival);
    let query = parts.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": found.route_key,
        "rawPath": parts.uri.path(),
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": arrival.domain_name,
            "domainPrefix": arrival.domain_name.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": parts.uri.path(),
                "protocol": "HTTP/1.1",
                "sourceIp": arrival.source_ip,
                "userAgent": parts.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()),
            },
            "requestId": arrival.request_id,
            "routeKey": found.route_key,
            "stage": "$default",
            "time": arrival.at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": arrival.at.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    if !query.is_empty() {
        event["queryStringParameters"] = parameters(query);
    }
    if !found.parameters.is_empty() {
        let parameters = found.parameters.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str())));
        event["pathParameters"] = Value::Object(parameters.collect());
    }
    if !body.is_empty() {
        let text = std::str::from_utf8(body).ok().filter(|_| is_text(&parts.headers));
        event["isBase64Encoded"] = text.is_none().into();
        event["body"] = text.map_or_else(|| STANDARD.encode(body), ToOwned::to_owned).into();
    }
    event
}

/// Lower-case names, values of one name joined by commas, cookies on their own.
fn headers(all: &HeaderMap, arrival: &Arrival<'_>) -> (Map<String, Value>, Vec<String>) {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    let mut cookies = Vec::new();
    for (name, value) in all {
        let value = String::from_utf8_lossy(value.as_bytes());
        if name == header::COOKIE {
            cookies.extend(value.split(';').map(|cookie| cookie.trim().to_owned()).filter(|c| !c.is_empty()));
            continue;
        }
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|before| {
                before.push(',');
                before.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    joined.insert("x-forwarded-for".to_owned(), arrival.source_ip.to_owned());
    joined.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    (joined.into_iter().map(|(name, value)| (name, value.into())).collect(), cookies)
}

/// Decoded query parameters, values of one name joined by commas.
fn parameters(query: &str) -> Value {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
        };
        out.entry(decode(name))
            .and_modify(|before| {
                before.push(',');
                before.push_str(&decode(value));
            })
            .or_insert_with(|| decode(value));
    }
    json!(out)
}

/// Bodies of these types arrive as text, all others (forms too) in base64.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || matches!(kind.as_str(), "application/json" | "application/javascript" | "application/xml")
}

/// The HTTP answer that a function's answer stands for.
pub(super) fn answer(value: &Value) -> anyhow::Result<Response> {
    let status = value["statusCode"].as_u64().context("no statusCode")?;
    let body = value["body"].as_str().unwrap_or_default();
    let body = if value["isBase64Encoded"] == true {
        STANDARD.decode(body).context("a body that is not base64")?
    } else {
        body.as_bytes().to_vec()
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(u16::try_from(status)?)?;
    let out = response.headers_mut();
    for (name, value) in value["headers"].as_object().into_iter().flatten() {
        let name: HeaderName = name.parse()?;
        out.append(name, HeaderValue::from_str(value.as_str().unwrap_or_default())?);
    }
    for (name, values) in value["multiValueHeaders"].as_object().into_iter().flatten() {
        let name: HeaderName = name.parse()?;
        if out.contains_key(&name) {
            continue;
        }
        for value in values.as_array().into_iter().flatten() {
            out.append(name.clone(), HeaderValue::from_str(value.as_str().unwrap_or_default())?);
        }
    }
    for cookie in value["cookies"].as_array().into_iter().flatten() {
        out.append(header::SET_COOKIE, HeaderValue::from_str(cookie.as_str().unwrap_or_default())?);
    }
    Ok(response)
}
