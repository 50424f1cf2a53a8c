//! SeaweedFS as the S3 server: master, volume, filer and S3 gateway in one process, all on 127.0.0.1.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use serde_json::json;

use super::Context;
use crate::http;
use crate::process::Spec;
use crate::remembered::write_private;

const NAME: &str = "s3";
const START_LIMIT: Duration = Duration::from_secs(90);
pub const ACCESS_KEY: &str = "gotong";
pub const REGION: &str = "us-east-1";

#[derive(Clone, Debug, Default)]
pub struct Address {
    pub endpoint: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
}

/// SeaweedFS derives a port from another one where none is given, so each is given.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub s3: u16,
    pub s3_grpc: u16,
    pub master: u16,
    pub master_grpc: u16,
    pub volume: u16,
    pub volume_grpc: u16,
    pub filer: u16,
    pub filer_grpc: u16,
}

impl Ports {
    pub fn choose(mut port: impl FnMut(&str) -> Result<u16>) -> Result<Self> {
        Ok(Self {
            s3: port("s3")?,
            s3_grpc: port("s3-grpc")?,
            master: port("s3-master")?,
            master_grpc: port("s3-master-grpc")?,
            volume: port("s3-volume")?,
            volume_grpc: port("s3-volume-grpc")?,
            filer: port("s3-filer")?,
            filer_grpc: port("s3-filer-grpc")?,
        })
    }
}

pub fn ensure(context: &Context) -> Result<Address> {
    let secret = context.remembered.secret("s3")?;
    let known = context.remembered.known_port("s3").zip(context.remembered.known_port("s3-master"));
    if let Some((s3, master)) = known
        && super::already_running(context, NAME, START_LIMIT, || is_ready(s3, master))?
    {
        return Ok(local(s3, secret));
    }
    let program = context.tools.seaweed()?;
    let ports = Ports::choose(|name| context.port(name))?;
    let data = context.checkout.data(NAME);
    let spec = spec(&program.path, &data, ports, &secret)?;
    super::start(context, NAME, &program.description, &spec, START_LIMIT, || is_ready(ports.s3, ports.master))?;
    Ok(local(ports.s3, secret))
}

/// The keys and the region that belong to an endpoint from the settings.
pub fn external(context: &Context, endpoint: String) -> Result<Address> {
    let setting = |name: &str| {
        context.settings.get(name).with_context(|| format!("GOTONG_S3_ENDPOINT is set, so {name} has to be set too"))
    };
    Ok(Address {
        endpoint,
        region: context.settings.get("GOTONG_S3_REGION").unwrap_or_else(|| REGION.to_owned()),
        access_key: setting("GOTONG_S3_ACCESS_KEY")?,
        secret_key: setting("GOTONG_S3_SECRET_KEY")?,
    })
}

fn local(port: u16, secret_key: String) -> Address {
    Address { endpoint: url(port), region: REGION.to_owned(), access_key: ACCESS_KEY.to_owned(), secret_key }
}

pub fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Writes the key file into `data` and describes the server process.
pub fn spec(program: &Path, data: &Path, ports: Ports, secret: &str) -> Result<Spec> {
    let files = data.join("files");
    std::fs::create_dir_all(&files)?;
    let keys = data.join("keys.json");
    let identities = json!({"identities": [{
        "name": "gotong",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": secret}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }]});
    write_private(&keys, identities.to_string().as_bytes())?;
    let port = |option: &str, port: u16| format!("-{option}={port}");
    let path = |option: &str, path: &Path| format!("-{option}={}", path.display());
    let mut spec = Spec::new(program, data)
        .args([
            "server",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-filer",
            "-s3",
            "-s3.iam=false",
            "-master.telemetry=false",
        ])
        .arg(path("dir", &files))
        .arg(path("s3.config", &keys))
        .args([port("s3.port", ports.s3), port("s3.port.grpc", ports.s3_grpc)])
        .args([port("master.port", ports.master), port("master.port.grpc", ports.master_grpc)])
        .args([port("volume.port", ports.volume), port("volume.port.grpc", ports.volume_grpc)])
        .args([port("filer.port", ports.filer), port("filer.port.grpc", ports.filer_grpc)])
        .args(["-s3.port.iceberg=0", "-s3.port.lance=0"])
        // The only master need not wait ten seconds for others before it elects itself.
        .arg("-master.electionTimeout=1s")
        // Every bucket has volumes of its own, and the tests make many buckets: small volumes, added one by one.
        .args(["-volume.max=100000", "-master.volumeSizeLimitMB=1024"])
        .env("WEED_MASTER_VOLUME_GROWTH_COPY_1", "1");
    // Its farewell waits 15 s for streams between its own parts. What it has acknowledged is with the operating system
    // by then, so that ending it at once loses nothing.
    spec.stop = Signal::KILL;
    Ok(spec)
}

/// Whether the gateway answers and the master has a volume to write to.
pub fn is_ready(s3: u16, master: u16) -> bool {
    let get = |url: String| http::get(&url, Duration::from_secs(2)).ok();
    get(format!("{}/healthz", url(s3))).is_some_and(|answer| answer.status == 200)
        && get(format!("http://127.0.0.1:{master}/dir/assign"))
            .and_then(|answer| answer.json().ok())
            .is_some_and(|answer| answer.get("fid").is_some())
}
