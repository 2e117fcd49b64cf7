// Answers, of each body that it is sent, what a real serde makes of it: the members and their types are
// those that the capture service documents, written down here anew. Each question is a letter, the length
// of the body as four bytes, and the body; each answer the length as four bytes, and a text.
use std::collections::HashMap;
use std::io::{self, BufWriter, Read, Write};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{value::RawValue, Value};
use uuid::Uuid;

fn blank_is_none<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Uuid>, D::Error> {
    match Option::<String>::deserialize(d)? {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(None),
        Some(text) => Uuid::parse_str(&text).map(Some).map_err(serde::de::Error::custom),
    }
}

type Members = HashMap<String, Value>;

// The events differ in two ways: whether "" is a uuid, and whether there is a name.
macro_rules! event {
    ($name:ident, { $(#[$uuid:meta])* }, { $($event:tt)* }) => {
        #[derive(Deserialize, Serialize)]
        struct $name {
            #[serde(alias = "$token", alias = "api_key", skip_serializing_if = "Option::is_none")]
            token: Option<String>,
            #[serde(alias = "$distinct_id", skip_serializing_if = "Option::is_none")]
            distinct_id: Option<Value>,
            $(#[$uuid])*
            uuid: Option<Uuid>,
            $($event)*
            #[serde(default)]
            properties: Members,
            #[serde(skip_serializing_if = "Option::is_none")]
            timestamp: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            offset: Option<i64>,
            #[serde(rename = "$set", skip_serializing_if = "Option::is_none")]
            set: Option<Members>,
            #[serde(rename = "$set_once", skip_serializing_if = "Option::is_none")]
            set_once: Option<Members>,
        }
    };
}

event!(Event2024, {}, { event: String, });
event!(Event, { #[serde(default, deserialize_with = "blank_is_none")] }, { event: String, });
event!(Nameless, { #[serde(default, deserialize_with = "blank_is_none")] }, {});

macro_rules! batch {
    ($name:ident, $event:ty) => {
        #[derive(Deserialize)]
        #[allow(dead_code)]
        struct $name {
            #[serde(alias = "api_key")]
            token: String,
            historical_migration: Option<bool>,
            sent_at: Option<String>,
            batch: Vec<$event>,
        }
    };
}

batch!(Batch2024, Event2024);
batch!(Batch, Event);

mod first {
    use super::*;
    #[derive(Deserialize)]
    #[serde(untagged)]
    pub enum RawRequest {
        Array(Vec<Event2024>),
        Batch(Batch2024),
        One(Box<Event2024>),
    }
}

mod current {
    use super::*;
    #[derive(Deserialize)]
    #[serde(untagged)]
    pub enum RawRequest {
        Array(Vec<Event>),
        Batch(Batch),
        One(Box<Event>),
        Engage(Box<Nameless>),
    }
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct BatchV1 {
    created_at: String,
    #[serde(default)]
    historical_migration: bool,
    #[serde(default)]
    capture_internal: Option<bool>,
    batch: Vec<EventV1>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct EventV1 {
    event: String,
    uuid: String,
    distinct_id: String,
    timestamp: String,
    session_id: Option<String>,
    window_id: Option<String>,
    #[serde(default)]
    options: Value,
    #[serde(default = "empty")]
    properties: Box<RawValue>,
}

fn empty() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).unwrap()
}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Compression2024 {
    Unsupported,
    #[serde(rename = "gzip", alias = "gzip-js")]
    Gzip,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Query2024 {
    compression: Option<Compression2024>,
    #[serde(alias = "ver")]
    lib_version: Option<String>,
    #[serde(alias = "_")]
    sent_at: Option<i64>,
}

fn beacon<'de, D: Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
    Ok(Option::<i32>::deserialize(d)? == Some(1))
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Query {
    compression: Option<String>,
    data: Option<String>,
    #[serde(alias = "_")]
    sent_at: Option<i64>,
    #[serde(default, deserialize_with = "beacon")]
    beacon: bool,
}

// An event as it is told, a line of JSON: its name, its token, its distinct_id as the service makes text
// of it, its uuid, its timestamp, and how long it is as a string of JSON once it is written anew.
macro_rules! tell {
    ($said:ident, $events:expr) => {
        for e in $events {
            let id = match e.distinct_id.as_ref().filter(|v| !v.is_null()) {
                None => e.properties.get("distinct_id"),
                id => id,
            };
            let id = id.filter(|v| !v.is_null());
            let id = id.map(|v| v.as_str().map(str::to_owned).unwrap_or_else(|| v.to_string()));
            let data = serde_json::to_string(&serde_json::to_string(&e).unwrap()).unwrap();
            let inner = e.properties.get("token").and_then(Value::as_str).map(str::to_owned);
            let uuid = e.uuid.map(|u| u.to_string());
            let line = (e.event, e.token.or(inner), id, uuid, e.timestamp, data.len());
            $said.push_str("\n");
            $said.push_str(&serde_json::to_string(&line).unwrap());
        }
    };
}

fn envelope(said: &mut String, token: String, historical: Option<bool>) {
    said.push_str(&serde_json::to_string(&(token, historical.unwrap_or_default())).unwrap());
}

fn answer2024(body: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(body) else { return "no text".into() };
    let mut said = String::from("ok");
    match serde_json::from_str::<first::RawRequest>(text) {
        Err(err) => return err.to_string(),
        Ok(first::RawRequest::Array(events)) => tell!(said, events),
        Ok(first::RawRequest::One(event)) => tell!(said, [*event]),
        Ok(first::RawRequest::Batch(b)) => {
            envelope(&mut said, b.token, b.historical_migration);
            tell!(said, b.batch)
        }
    }
    said
}

fn answer(body: &[u8], engage: bool) -> String {
    let Ok(text) = std::str::from_utf8(body) else { return "no text".into() };
    let mut said = String::from("ok");
    match serde_json::from_str::<current::RawRequest>(text) {
        Err(err) => return err.to_string(),
        Ok(current::RawRequest::Array(events)) => tell!(said, events),
        Ok(current::RawRequest::One(event)) => tell!(said, [*event]),
        Ok(current::RawRequest::Batch(b)) => {
            envelope(&mut said, b.token, b.historical_migration);
            tell!(said, b.batch)
        }
        Ok(current::RawRequest::Engage(_)) if !engage => return "no name".into(),
        Ok(current::RawRequest::Engage(e)) => {
            let e = *e;
            tell!(said, [Event {
                event: "$identify".into(), token: e.token, distinct_id: e.distinct_id, uuid: e.uuid,
                properties: e.properties, timestamp: e.timestamp, offset: e.offset, set: e.set, set_once: e.set_once,
            }])
        }
    }
    said
}

fn answer_v1(body: &[u8]) -> String {
    match serde_json::from_slice::<BatchV1>(body) {
        Err(_) => "no".into(),
        Ok(b) => format!("ok {} {}", b.historical_migration, b.batch.len()),
    }
}

fn text<T>(result: Result<T, impl ToString>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(err) => err.to_string(),
    }
}

fn main() -> io::Result<()> {
    let (mut questions, mut answers) = (io::stdin().lock(), BufWriter::new(io::stdout().lock()));
    let mut head = [0; 5];
    while questions.read_exact(&mut head).is_ok() {
        let mut body = vec![0; u32::from_be_bytes(head[1..].try_into().unwrap()) as usize];
        questions.read_exact(&mut body)?;
        let query = || std::str::from_utf8(&body).unwrap_or_default();
        let said = match head[0] {
            b'v' => text(serde_json::from_slice::<Value>(&body)),
            b'r' => text(serde_json::from_slice::<serde::de::IgnoredAny>(&body)),
            b'o' => answer2024(&body),
            b'n' => answer(&body, false),
            b'e' => answer(&body, true),
            b'1' => answer_v1(&body),
            b'q' => text(serde_urlencoded::from_str::<Query2024>(query())),
            b'Q' => text(serde_urlencoded::from_str::<Query>(query())),
            _ => "what?".into(),
        };
        answers.write_all(&(said.len() as u32).to_be_bytes())?;
        answers.write_all(said.as_bytes())?;
        answers.flush()?;
    }
    Ok(())
}
