//! Family B of the bad inputs, as far as it is about addresses. No test leaves the machine.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{address::is_public, *};

fn refusal(url: &str) -> &'static str {
    match Target::parse(url) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

#[test]
fn a_public_https_url_is_taken() {
    for url in ["https://acme.okta.com/app/exk1/sso/saml/metadata", "https://sso.example.com:443/a?b=c"] {
        assert_eq!(refusal(url), "accepted", "{url}");
    }
}

#[test]
fn b01_other_schemes() {
    for url in [
        "http://idp.example.com/",
        "ftp://idp.example.com/",
        "file:///etc/passwd",
        "gopher://idp.example.com/",
        "data:text/xml,x",
        "javascript:alert(1)",
    ] {
        assert_eq!(refusal(url), "url.scheme", "{url}");
    }
}

#[test]
fn b02_addresses_that_are_not_public() {
    for address in [
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "169.254.169.254",
        "fd00:ec2::254",
        "169.254.170.2",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "::",
        "ff02::1",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2001::1",
        "192.0.2.1",
    ] {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
    for address in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "192.1.0.1", "2606:4700::1111", "2a00:1450::1"] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn b03_addresses_are_no_names_in_any_spelling() {
    for host in [
        "127.0.0.1",
        "2130706433",
        "0177.1",
        "0x7f.1",
        "127.1",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "8.8.8.8",
        "localhost",
        "acme.localhost",
        "intranet",
        "idp.example.com.",
        "127。0。0。1",
        "①②⑦.0.0.1",
    ] {
        assert_eq!(refusal(&format!("https://{host}/")), "url.address", "{host}");
    }
}

#[test]
fn b04_what_parsers_disagree_about() {
    for url in [
        "https://acme.okta.com@evil.example.com/",
        "https://@evil.example.com/",
        "https://acme.okta.com\\@evil.example.com",
        "https://evil.example.com#@acme.okta.com",
        "https://acme\t.okta.com/",
        "https://acme.okta.com/\n",
        " https://acme.okta.com/",
        "https://",
        "",
    ] {
        assert_eq!(refusal(url), "url.form", "{url:?}");
    }
}

#[test]
fn b08_other_ports() {
    for port in [80, 8443, 22, 6379] {
        assert_eq!(refusal(&format!("https://idp.example.com:{port}/")), "url.port");
    }
}

#[tokio::test]
async fn b06_a_name_is_resolved_once_and_every_address_counts() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let outbound = Outbound::with_lookup(Arc::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        let mixed = ["8.8.8.8", "10.0.0.1"].map(|address| address.parse::<IpAddr>().unwrap());
        Box::pin(async move { Ok(mixed.to_vec()) })
    }));
    let error = outbound.fetch("https://rebind.example.com/metadata", METADATA_TYPES).await.unwrap_err();
    assert_eq!(error, OutboundError::Address);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_name_without_an_address_is_refused() {
    let outbound = Outbound::with_lookup(Arc::new(|_| Box::pin(async { Ok(Vec::new()) })));
    let error = outbound.fetch("https://none.example.com/", METADATA_TYPES).await.unwrap_err();
    assert_eq!(error, OutboundError::Address);
}

#[tokio::test]
async fn only_named_loopback_origins_are_excepted() {
    let (origin, _server) =
        serve("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 4\r\n\r\n<a/>").await;
    let url = format!("{origin}/metadata");
    assert_eq!(Outbound::new([&*origin]).unwrap().fetch(&url, METADATA_TYPES).await.unwrap(), b"<a/>");
    let closed = [Outbound::public().unwrap(), Outbound::new(["http://127.0.0.1:1"]).unwrap()];
    for outbound in closed {
        assert_eq!(outbound.fetch(&url, METADATA_TYPES).await.unwrap_err().code(), "url.scheme");
    }
    for foreign in
        ["http://idp.example.com", "http://10.0.0.1", "https://127.0.0.1", "http://localhost.example.com"]
    {
        assert_eq!(target::loopback(foreign), None, "{foreign}");
    }
}

#[tokio::test]
async fn b07_b09_answers_that_are_not_taken() {
    let large = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\n\r\n{}",
        "x".repeat(MAX_BYTES + 1)
    );
    for (answer, want) in [
        ("HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n", "url.redirect"),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "url.status"),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n", "url.content_type"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "url.content_type"),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n",
            "url.encoding",
        ),
        (large.as_str(), "url.size"),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 9\r\n\r\n<a/>", "url.connect"),
    ] {
        let (origin, _server) = serve(answer).await;
        let outbound = Outbound::new([&*origin]).unwrap();
        let error = outbound.fetch(&format!("{origin}/"), METADATA_TYPES).await.unwrap_err();
        assert_eq!(error.code(), want);
    }
}

#[tokio::test]
async fn b07_no_redirect_is_followed_wherever_it_leads() {
    let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let trapped = format!("http://{}", trap.local_addr().unwrap());
    for (status, location) in [
        (300, &*trapped),
        (301, &*trapped),
        (302, "http://10.0.0.1/"),
        (303, "https://idp.example.com/metadata"),
        (303, "/elsewhere"),
        (307, &*trapped),
        (308, &*trapped),
    ] {
        let head = format!("HTTP/1.1 {status} Away\r\nlocation: {location}\r\ncontent-type: text/xml");
        let (origin, _server) = serve(&format!("{head}\r\ncontent-length: 4\r\n\r\n<a/>")).await;
        // What asks for the trap itself gets there.
        let outbound = Outbound::new([&*origin, &*trapped]).unwrap();
        let error = outbound.fetch(&format!("{origin}/"), METADATA_TYPES).await.unwrap_err();
        assert_eq!(error, OutboundError::Redirect, "{status} to {location}");
    }
    let caught = trap.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(caught, Err(std::io::ErrorKind::WouldBlock), "followed");
}

/// In real time: the limit is one of the whole exchange, not of the next byte.
#[tokio::test]
async fn b09_a_slow_server_has_five_seconds_in_all() {
    let fetched = async |(head, more): (&'static str, &'static str)| {
        let origin = drip(head, more).await;
        let outbound = Outbound::new([&*origin]).unwrap();
        let url = format!("{origin}/");
        tokio::time::timeout(2 * TIMEOUT, outbound.fetch(&url, METADATA_TYPES)).await.expect(head)
    };
    let servers = [
        ("", ""),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nx: ", "x"),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 4\r\n\r\n<a/", ""),
    ];
    for (fetched, (head, _)) in futures::future::join_all(servers.map(fetched)).await.iter().zip(servers) {
        assert_eq!(fetched, &Err(OutboundError::Timeout), "{head}");
    }
}

/// A server that begins so and then sends `more` ten times a second for as long as somebody listens.
async fn drip(head: &'static str, more: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(head.as_bytes()).await;
        while stream.write_all(more.as_bytes()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    origin
}

/// A server that answers one connection with exactly these bytes.
async fn serve(answer: &str) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let answer = answer.to_owned();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    });
    (origin, server)
}

proptest! {
    #[test]
    fn no_text_is_taken_that_is_not_plain_https(text in ".{0,80}") {
        if let Ok(target) = Target::parse(&text) {
            let url = target.into_url();
            prop_assert_eq!(url.scheme(), "https");
            prop_assert!(url.port().is_none() && url.username().is_empty());
            prop_assert!(matches!(url.host(), Some(url::Host::Domain(_))));
        }
    }
}
