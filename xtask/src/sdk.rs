//! Client libraries generated from `openapi.yaml` by openapi-generator, which Maven fetches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest, Sha256};

use crate::checkout::Checkout;
use crate::services::Context;
use crate::tools::{Tools, find_on_path};
use crate::{fetch, progress};

const VERSION: &str = "7.25.0";
const JAR_SHA256: &str = "41ce4f6b07f196676439d710759fa1ced7a08066d06ff1bf314681470289efae";
/// The folder in `sdks/` and in `.gotong/sdk/`, and the name of the generator.
const LANGUAGES: [(&str, &str); 2] = [("python", "python"), ("typescript", "typescript-fetch")];

/// Generates the clients anew.
pub fn run() -> Result<()> {
    let context = Context::open(Checkout::find()?)?;
    match ensure(&context)? {
        Some(folder) => println!("{}", folder.display()),
        None => bail!("there is no openapi.yaml; `cargo xtask openapi` writes it"),
    }
    Ok(())
}

/// Brings `.gotong/sdk` up to date with `openapi.yaml` and returns it; none if there is no `openapi.yaml`.
pub fn ensure(context: &Context) -> Result<Option<PathBuf>> {
    let root = context.checkout.root();
    let document = root.join("openapi.yaml");
    if !document.is_file() {
        return Ok(None);
    }
    let target = context.checkout.state().join("sdk");
    let mark = target.join(".generated-from");
    let wanted = wanted(root, &document)?;
    if fs::read_to_string(&mark).is_ok_and(|generated| generated == wanted) {
        return Ok(Some(target));
    }
    let jar = generator(&context.tools)?;
    for (language, generator) in LANGUAGES {
        let what = format!("generating the {language} client");
        progress::while_running("sdk", &what, || generate(root, &jar, language, generator, &target.join(language)))?;
    }
    fs::write(mark, wanted)?;
    Ok(Some(target))
}

/// Changes with the document, the generator and its settings.
fn wanted(root: &Path, document: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(JAR_SHA256);
    hash.update(fs::read(document)?);
    for (language, _) in LANGUAGES {
        hash.update(fs::read(settings(root, language)).unwrap_or_default());
    }
    Ok(hex::encode(hash.finalize()))
}

fn settings(root: &Path, language: &str) -> PathBuf {
    root.join("sdks").join(language).join("generator.json")
}

fn generator(tools: &Tools) -> Result<PathBuf> {
    let folder = fetch::cached(tools.cache(), &format!("openapi-generator-{VERSION}"), |folder| {
        let mut maven = Command::new("mvn");
        maven.args(["-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"]);
        maven.arg(format!("-Dartifact=org.openapitools:openapi-generator-cli:{VERSION}"));
        maven.arg(format!("-DoutputDirectory={}", folder.display()));
        let what = format!("fetching openapi-generator {VERSION}");
        progress::while_running("sdk", &what, || {
            fetch::run_client(&mut maven, "Maven", "Maven (Debian: apt install maven)")
        })?;
        fetch::verify(&folder.join(jar_name()), JAR_SHA256)
    })?;
    Ok(folder.join(jar_name()))
}

fn jar_name() -> String {
    format!("openapi-generator-cli-{VERSION}.jar")
}

fn generate(root: &Path, jar: &Path, language: &str, generator: &str, target: &Path) -> Result<()> {
    let java = find_on_path("java").context("java is missing (Debian: apt install openjdk-17-jre-headless)")?;
    if target.exists() {
        fs::remove_dir_all(target)?;
    }
    fs::create_dir_all(target)?;
    let mut command = Command::new(java);
    command.arg("-jar").arg(jar).args(["generate", "-g", generator, "-i"]).arg(root.join("openapi.yaml"));
    command.arg("-o").arg(target);
    let settings = settings(root, language);
    if settings.is_file() {
        command.arg("-c").arg(settings);
    }
    let output = command.output().context("cannot run java")?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        bail!("openapi-generator failed for {language}:\n{}", lines[lines.len().saturating_sub(15)..].join("\n"));
    }
    Ok(())
}
