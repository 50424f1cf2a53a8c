//! Elasticsearch 8.19, put together from its published libraries: `xtask/elasticsearch/` holds the launcher, the few
//! analyzers that are not published, and the sha256 of every jar. Without a JDK or Maven the platform runs without it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest, Sha256};

use super::Context;
use crate::process::Spec;
use crate::tools::{Tools, find_on_path};
use crate::{fetch, http, progress};

const NAME: &str = "elasticsearch";
const START_LIMIT: Duration = Duration::from_mins(2);
const OLDEST_JAVA: u32 = 17;

const POM: &str = include_str!("../../elasticsearch/pom.xml");
const LOGGING: &str = include_str!("../../elasticsearch/log4j2.properties");
const CHECKSUMS: &str = include_str!("../../elasticsearch/checksums.sha256");
const SOURCES: [(&str, &str); 3] = [
    ("RootAction.java", include_str!("../../elasticsearch/src/gotong/search/RootAction.java")),
    ("SearchNode.java", include_str!("../../elasticsearch/src/gotong/search/SearchNode.java")),
    ("SearchPlugin.java", include_str!("../../elasticsearch/src/gotong/search/SearchPlugin.java")),
];

pub fn ensure(context: &Context) -> Result<Option<String>> {
    let known = context.remembered.known_port(NAME);
    if let Some(port) = known
        && super::already_running(context, NAME, START_LIMIT, || is_ready(port))?
    {
        return Ok(Some(url(port)));
    }
    let java = match java_home() {
        Ok(java) => java,
        Err(missing) => {
            progress::warn(NAME, format_args!("left out, so search is not available: {missing}"));
            return Ok(None);
        }
    };
    let home = build(&context.tools, &java)?;
    let port = context.port(NAME)?;
    let data = context.checkout.data(NAME);
    let scratch = data.join("scratch");
    fs::create_dir_all(&scratch)?;
    let mut temporary = std::ffi::OsString::from("-Djava.io.tmpdir=");
    temporary.push(&scratch);
    let mut class_path = home.join("launcher").into_os_string();
    class_path.push(":");
    class_path.push(home.join("lib").join("*"));
    let spec = Spec::new(java.program("java"), &data)
        // Measured: the serial collector and the first compiler tier halve the CPU time of a short-lived node.
        .args(["-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg(temporary)
        .arg("-cp")
        .arg(class_path)
        .arg("gotong.search.SearchNode")
        .args([home.as_os_str(), data.as_os_str()])
        .arg(port.to_string());
    super::start(context, NAME, &format!("Elasticsearch {}", version()), &spec, START_LIMIT, || is_ready(port))?;
    Ok(Some(url(port)))
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn is_ready(port: u16) -> bool {
    let health = format!("{}/_cluster/health?wait_for_status=yellow&timeout=1s", url(port));
    http::get(&health, Duration::from_secs(3)).is_ok_and(|answer| answer.status == 200)
}

/// The version named in the pom.
fn version() -> &'static str {
    let after = POM.split_once("<elasticsearch.version>").map_or("", |(_, after)| after);
    after.split('<').next().unwrap_or_default()
}

/// A JDK: its programs and nothing else.
#[derive(Debug)]
struct Java {
    bin: PathBuf,
}

impl Java {
    fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// `JAVA_HOME`, else the folder of `javac` on `PATH`; also asks for Maven, which is needed to fetch the libraries.
fn java_home() -> Result<Java> {
    let from_variable = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin"));
    let on_path = find_on_path("javac").and_then(|file| Some(file.parent()?.to_path_buf()));
    let bin = from_variable.filter(|bin| bin.join("javac").is_file()).or(on_path);
    let bin = bin.context("a JDK 17 is missing (Debian: apt install openjdk-17-jdk-headless)")?;
    let output = Command::new(bin.join("javac")).arg("-version").output().context("cannot run javac")?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let major = said.split_whitespace().nth(1).and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST_JAVA) {
        bail!("JDK 17 or newer is needed, but javac says `{}`", said.trim());
    }
    if find_on_path("mvn").is_none() {
        bail!("Maven is missing (Debian: apt install maven)");
    }
    Ok(Java { bin })
}

/// A home folder with `lib`, `launcher` and `modules`, named by everything it is made from.
fn build(tools: &Tools, java: &Java) -> Result<PathBuf> {
    let mut hash = Sha256::new();
    for text in [POM, LOGGING, CHECKSUMS].into_iter().chain(SOURCES.map(|(_, text)| text)) {
        hash.update(text);
    }
    let name = format!("elasticsearch-{}-{}", version(), hex::encode(&hash.finalize()[..6]));
    fetch::cached(tools.cache(), &name, |home| {
        let what = format!("fetching Elasticsearch {}", version());
        progress::while_running(NAME, &what, || fetch_jars(home))?;
        verify_jars(&home.join("lib"))?;
        compile(java, home)
    })
}

fn fetch_jars(home: &Path) -> Result<()> {
    let pom = home.join("pom.xml");
    fs::write(&pom, POM)?;
    let mut output = std::ffi::OsString::from("-DoutputDirectory=");
    output.push(home.join("lib"));
    let mut maven = Command::new("mvn");
    maven
        .args(["-q", "-B", "-f"])
        .arg(&pom)
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
        .arg(output);
    fetch::run_client(&mut maven, "Maven", "Maven (Debian: apt install maven)")
}

/// Exactly the listed jars with the listed hashes, no more and no fewer.
fn verify_jars(lib: &Path) -> Result<()> {
    let mut expected: BTreeMap<&str, &str> =
        CHECKSUMS.lines().filter_map(|line| line.split_once("  ")).map(|(sha256, name)| (name, sha256)).collect();
    for entry in fs::read_dir(lib)? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(sha256) = expected.remove(name.as_str()) else {
            bail!("Maven fetched {name}, which xtask/elasticsearch/checksums.sha256 does not list");
        };
        fetch::verify(&file, sha256)?;
    }
    match expected.keys().next() {
        Some(missing) => bail!("Maven did not fetch {missing}"),
        None => Ok(()),
    }
}

fn compile(java: &Java, home: &Path) -> Result<()> {
    let (lib, sources, classes) = (home.join("lib"), home.join("src"), home.join("launcher"));
    let (network, plugin) = (home.join("modules/transport-netty4"), home.join("modules/gotong-search"));
    for folder in [&sources, &classes, &network, &plugin] {
        fs::create_dir_all(folder)?;
    }
    for (name, text) in SOURCES {
        fs::write(sources.join(name), text)?;
    }
    // A module has a class loader of its own, so what belongs to one must not lie in `lib` too.
    for entry in fs::read_dir(&lib)? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if ["netty-", "transport-netty4-", "elasticsearch-ssl-config-"].iter().any(|start| name.starts_with(start)) {
            fs::rename(&file, network.join(&name))?;
        }
    }
    describe(&network, "transport-netty4", "org.elasticsearch.transport.netty4.Netty4Plugin")?;
    describe(&plugin, "gotong-search", "gotong.search.SearchPlugin")?;
    let built = tempfile::tempdir_in(home)?;
    javac(java, &lib, &sources, built.path(), &["RootAction.java", "SearchPlugin.java"])?;
    javac(java, &lib, &sources, &classes, &["SearchNode.java"])?;
    let mut jar = Command::new(java.program("jar"));
    jar.arg("cf").arg(plugin.join("gotong-search.jar")).arg("-C").arg(built.path()).arg(".");
    run(&mut jar)?;
    fs::write(classes.join("log4j2.properties"), LOGGING)?;
    Ok(())
}

/// The descriptor by which Elasticsearch finds a module.
fn describe(folder: &Path, name: &str, class: &str) -> Result<()> {
    let version = version();
    let text = format!(
        "name={name}\ndescription={name}\nclassname={class}\nversion={version}\nelasticsearch.version={version}\n\
         java.version={OLDEST_JAVA}\n"
    );
    Ok(fs::write(folder.join("plugin-descriptor.properties"), text)?)
}

fn javac(java: &Java, lib: &Path, sources: &Path, output: &Path, files: &[&str]) -> Result<()> {
    let mut javac = Command::new(java.program("javac"));
    javac.arg("-nowarn").arg("-cp").arg(lib.join("*")).arg("-d").arg(output);
    run(javac.args(files.iter().map(|file| sources.join(file))))
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!("{} failed: {}", command.get_program().display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
