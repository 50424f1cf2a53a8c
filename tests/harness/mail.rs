//! A mail server of a test's own, and what Python makes of the messages that it got.

use crate::Services;
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::KeySize,
    signature::{KeyPair as _, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use uuid::Uuid;

/// `tests/mail/server.py`, whose answers are written in the addresses. Dropping it ends it.
pub struct MailServer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    record: PathBuf,
    process: Child,
}

impl MailServer {
    /// Starts one with these options.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(options: &[&str]) -> Self {
        let record = std::env::temp_dir().join(format!("gotong-mail-{}.jsonl", Uuid::new_v4().simple()));
        let mut process = python("server.py")
            .arg("--record")
            .arg(&record)
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let output = process.stdout.take().expect("it is piped");
        let line = BufReader::new(output).lines().next().expect("it names its port").expect("it can be read");
        Self { port: line.trim().parse().expect("a port"), record, process }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Every message that it got, in their order: `from`, `to`, `became`, `data`.
    #[must_use]
    pub fn received(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.record).unwrap_or_default();
        // The last line may be half written.
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// What Python's `email` reads in every message, and whether `dkimpy` finds it signed for that record of DNS.
    #[must_use]
    pub fn examined(&self, record: Option<&str>) -> Vec<Value> {
        let messages: Vec<String> = self.received().iter().map(ToString::to_string).collect();
        run(python("examine.py").args(record), &messages.join("\n"))
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
        _ = std::fs::remove_file(&self.record);
    }
}

/// What Python's `email` reads in a message.
#[must_use]
pub fn examine(message: &[u8]) -> Value {
    let line = serde_json::json!({ "data": STANDARD.encode(message) });
    run(&mut python("examine.py"), &format!("{line}\n")).remove(0)
}

/// An RSA key in PEM, and the record of DNS that publishes its other half.
#[must_use]
pub fn signing_key() -> (String, String) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("randomness");
    let private: Pkcs8V1Der<'_> = pair.as_der().expect("a key can be written");
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a key can be written");
    let body = STANDARD.encode(private.as_ref());
    let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    (pem, format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public.as_ref())))
}

/// A certificate for localhost, and its key, both in PEM.
#[must_use]
pub fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn python(script: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mail");
    let mut command = Command::new(Services::python());
    command.arg(folder.join(script)).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn run(command: &mut Command, input: &str) -> Vec<Value> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads");
    assert!(output.status.success(), "the script failed");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
