//! Only what comes from Feishu gets in; checked against what the official SDKs make and take.

use poco_core::Timestamp;
use poco_io::feishu::verify::{FRESH_MS, Unverified, Verifier};
use poco_io::secret::Secret;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn vectors(group: &str) -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("vectors/security.json")).expect("the file is JSON");
    all[group].as_array().expect("a list of vectors").clone()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn verifier(token: &str, key: &str) -> Verifier {
    Verifier::new(Some(Secret::new(token)), Some(Secret::new(key)))
}

fn open(verifier: &Verifier, headers: &Value, body: &str) -> Result<Value, Unverified> {
    verifier.open(|name| headers[name].as_str(), body.as_bytes(), NOW)
}

#[test]
fn what_the_official_sdks_take_is_taken_and_nothing_else() {
    for vector in vectors("webhook_requests_python_sdk") {
        let verifier = verifier(text(&vector, "verification_token"), text(&vector, "encrypt_key"));
        let opened = open(&verifier, &vector["headers"], text(&vector, "body"));
        let name = text(&vector, "name");
        match vector["expect_status"].as_u64() {
            Some(200) => assert!(opened.is_ok(), "{name}: {opened:?}"),
            _ => assert!(opened.is_err(), "{name}"),
        }
    }
}

#[test]
fn bodies_are_decrypted_as_the_official_sdks_do() {
    let mut objects = 0;
    for vector in vectors("aes_256_cbc") {
        let Ok(plain @ Value::Object(_)) =
            serde_json::from_str::<Value>(text(&vector, "plaintext"))
        else {
            continue;
        };
        let token = plain["header"]["token"].as_str().or(plain["token"].as_str());
        let body = json!({ "encrypt": vector["ciphertext_b64"] }).to_string();
        let opened = open(
            &verifier(token.unwrap_or_default(), text(&vector, "encrypt_key")),
            &Value::Null,
            &body,
        );
        match plain["type"] == "url_verification" {
            true => assert_eq!(opened, Ok(plain)),
            false => assert_eq!(opened, Err(Unverified::NotSigned)),
        }
        objects += 1;
    }
    assert!(objects > 4);
    for vector in vectors("aes_negative") {
        let body = json!({ "encrypt": vector["ciphertext_b64"] }).to_string();
        let opened = open(&verifier("xxxxxx", text(&vector, "encrypt_key")), &Value::Null, &body);
        assert_eq!(opened, Err(Unverified::WrongKey), "{}", text(&vector, "name"));
    }
}

fn signed() -> Value {
    let all = vectors("webhook_requests_python_sdk");
    all.into_iter().find(|it| text(it, "name") == "event_encrypted_signed").expect("it is there")
}

#[test]
fn a_signature_holds_for_this_body_and_for_a_while() {
    let vector = signed();
    let verifier = verifier("vtok", "test key");
    let (headers, body) = (&vector["headers"], text(&vector, "body"));
    for (now, fresh) in [(0, true), (FRESH_MS, true), (FRESH_MS + 1, false)] {
        let at = |now| verifier.open(|name| headers[name].as_str(), body.as_bytes(), now);
        for now in [Timestamp(NOW.0 + now), Timestamp(NOW.0 - now)] {
            assert_eq!(at(now).err(), (!fresh).then_some(Unverified::NotFresh));
        }
    }
    assert_eq!(open(&verifier, headers, &format!("{body} ")), Err(Unverified::WrongSignature));
    for missing in ["X-Lark-Signature", "X-Lark-Request-Timestamp", "X-Lark-Request-Nonce"] {
        let mut headers = headers.clone();
        headers[missing].take();
        assert_eq!(open(&verifier, &headers, body), Err(Unverified::NotSigned));
    }
    let mut late = headers.clone();
    late["X-Lark-Request-Timestamp"] = "1700000001".into();
    assert_eq!(open(&verifier, &late, body), Err(Unverified::WrongSignature));
}

#[test]
fn with_an_encrypt_key_nothing_comes_in_plain() {
    let plain = json!({ "schema": "2.0", "header": { "token": "vtok" } }).to_string();
    let none = Value::Null;
    assert_eq!(open(&verifier("vtok", "k"), &none, &plain), Err(Unverified::NotEncrypted));
    let challenge = json!({ "type": "url_verification", "token": "vtok" }).to_string();
    assert_eq!(open(&verifier("vtok", "k"), &none, &challenge), Err(Unverified::NotEncrypted));
    let encrypted = text(&signed(), "body").to_owned();
    assert_eq!(open(&verifier("vtok", ""), &none, &encrypted), Err(Unverified::NoKey));
}

#[test]
fn the_token_is_wanted_in_both_envelopes() {
    let verifier = verifier("vtok", "");
    for body in [
        json!({ "schema": "2.0", "header": { "token": "vtok" }, "event": {} }),
        json!({ "type": "event_callback", "token": "vtok", "event": {} }),
        json!({ "type": "url_verification", "token": "vtok", "challenge": "c" }),
    ] {
        assert_eq!(open(&verifier, &Value::Null, &body.to_string()), Ok(body));
    }
    for body in [
        json!({}),
        json!({ "schema": "2.0", "header": {}, "token": "vtok" }),
        json!({ "schema": "2.0", "header": { "token": "vto" } }),
        json!({ "schema": "2.0", "header": { "token": null } }),
        json!({ "header": [], "token": "vtok" }),
        json!({ "type": "url_verification", "challenge": "c" }),
        json!({ "type": "url_verification", "token": "", "action": {} }),
    ] {
        let opened = open(&verifier, &Value::Null, &body.to_string());
        assert_eq!(opened, Err(Unverified::WrongToken), "{body}");
    }
}

#[test]
fn old_presses_are_signed_with_the_token() {
    for vector in vectors("legacy_card_signature_sha1") {
        let headers = json!({
            "X-Lark-Request-Timestamp": vector["timestamp"],
            "X-Lark-Request-Nonce": vector["nonce"],
            "X-Lark-Signature": vector["signature"],
        });
        let body = text(&vector, "body");
        assert!(open(&verifier("vtok", ""), &headers, body).is_ok());
        assert_eq!(open(&verifier("other", ""), &headers, body), Err(Unverified::WrongSignature));
        assert_eq!(open(&verifier("vtok", ""), &Value::Null, body), Err(Unverified::NotSigned));
    }
}

#[test]
fn without_any_secret_nothing_gets_in() {
    for verifier in [Verifier::new(None, None), verifier("", "")] {
        assert!(!verifier.is_configured());
        let body = json!({ "type": "url_verification", "token": "", "challenge": "c" }).to_string();
        assert_eq!(open(&verifier, &Value::Null, &body), Err(Unverified::NotConfigured));
    }
    assert!(!format!("{:?}", verifier("vtok", "k")).contains("vtok"));
}

#[test]
fn what_is_no_object_is_no_request() {
    for body in ["", "[]", "1", "null", "{", "\u{0}"] {
        assert_eq!(open(&verifier("vtok", ""), &Value::Null, body), Err(Unverified::NotJson));
    }
}
