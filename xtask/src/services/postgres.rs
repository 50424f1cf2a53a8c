//! PostgreSQL: one cluster per major version, reached over TCP with a generated password.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;

use super::Context;
use crate::process::{Spec, User};
use crate::tools::PostgresTools;
use crate::{http, progress};

const NAME: &str = "postgres";
const START_LIMIT: Duration = Duration::from_mins(1);
/// The superuser of the local clusters, and the database of the platform.
pub const SUPERUSER: &str = "gotong";
pub const DATABASE: &str = "gotong";

pub fn ensure(context: &Context) -> Result<String> {
    let password = context.remembered.secret(NAME)?;
    let known = context.remembered.known_port(NAME);
    if let Some(port) = known
        && super::already_running(context, NAME, START_LIMIT, || is_ready(port))?
    {
        return Ok(url(port, &password, DATABASE));
    }
    let tools = context.tools.postgres()?;
    let port = context.port(NAME)?;
    let user = unprivileged_user()?;
    let folder = data_folder(context, &tools, user)?;
    if !folder.join("cluster").is_dir() {
        progress::while_running(NAME, "creating a database cluster", || {
            create_cluster(&tools, &folder, user, &password)
        })?;
    }
    let spec = spec(&tools, &folder, port, user);
    let description = format!("PostgreSQL {}", tools.major);
    super::start(context, NAME, &description, &spec, START_LIMIT, || is_ready(port))?;
    Ok(url(port, &password, DATABASE))
}

pub fn url(port: u16, password: &str, database: &str) -> String {
    format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{database}")
}

/// PostgreSQL refuses to run as root: then another user of the machine has to own its data.
pub fn unprivileged_user() -> Result<Option<User>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let find = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some(User { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    };
    let user = find("postgres").or_else(|| find("nobody"));
    user.map(Some).context("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

/// The place of the cluster: in the checkout, or where the database's user can reach it if the checkout is out of reach.
fn data_folder(context: &Context, tools: &PostgresTools, user: Option<User>) -> Result<PathBuf> {
    let inside = context.checkout.data(&format!("{NAME}-{}", tools.major));
    let folder = match user {
        Some(user) if !is_reachable(&context.checkout.data(""), user) => {
            let outside = outside_folder(&context.checkout.fingerprint()).join(inside.file_name().unwrap_or_default());
            progress::step(
                NAME,
                format_args!(
                    "its data is in {}, because the user it runs as cannot enter {}",
                    outside.display(),
                    context.checkout.root().display()
                ),
            );
            outside
        }
        _ => inside,
    };
    give_folder(&folder, user)?;
    Ok(folder)
}

/// Where data goes that cannot lie in the checkout.
pub fn outside_folder(fingerprint: &str) -> PathBuf {
    Path::new("/var/tmp").join(format!("gotong-{fingerprint}"))
}

/// Creates a folder that belongs to `user`; its parents stay with whoever runs this and must not be a stranger's.
pub fn give_folder(folder: &Path, user: Option<User>) -> Result<()> {
    let parent = folder.parent().context("a data folder has a parent")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    if fs::symlink_metadata(parent)?.uid() != rustix::process::geteuid().as_raw() {
        bail!("{} belongs to another user; remove it and try again", parent.display());
    }
    if user.is_some() && folder.starts_with("/var/tmp") {
        fs::set_permissions(parent, fs::Permissions::from_mode(0o755))?;
    }
    fs::create_dir_all(folder)?;
    if let Some(user) = user {
        std::os::unix::fs::chown(folder, Some(user.uid), Some(user.gid))?;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    Ok(())
}

/// Whether a user may walk through every folder of the path.
pub fn is_reachable(path: &Path, user: User) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    path.ancestors().all(|folder| {
        fs::metadata(folder).is_ok_and(|folder| {
            let bit = match (folder.uid() == user.uid, folder.gid() == user.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            folder.mode() & bit != 0
        })
    })
}

/// The cache, or a public place when the database's user cannot reach a program in the cache.
pub fn reachable_cache(cache: &Path) -> Result<PathBuf> {
    let Some(user) = unprivileged_user()? else { return Ok(cache.to_path_buf()) };
    fs::create_dir_all(cache).with_context(|| format!("cannot create {}", cache.display()))?;
    if is_reachable(cache, user) {
        return Ok(cache.to_path_buf());
    }
    let public = Path::new("/var/tmp/gotong-cache").to_path_buf();
    fs::create_dir_all(&public)?;
    if fs::symlink_metadata(&public)?.uid() != 0 {
        bail!("{} does not belong to root; remove it, or set GOTONG_CACHE_DIR to a readable folder", public.display());
    }
    fs::set_permissions(&public, fs::Permissions::from_mode(0o755))?;
    Ok(public)
}

/// Makes `folder/cluster` with its superuser and the platform's database.
pub fn create_cluster(tools: &PostgresTools, folder: &Path, user: Option<User>, password: &str) -> Result<()> {
    let password_file = folder.join("password");
    fs::write(&password_file, password)?;
    fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600))?;
    if let Some(user) = user {
        std::os::unix::fs::chown(&password_file, Some(user.uid), Some(user.gid))?;
    }
    // C.UTF-8 sorts by code point and knows upper and lower case beyond ASCII; not every system has it.
    let fresh = folder.join("cluster.new");
    let made = initialise(tools, &fresh, user, &password_file, "C.UTF-8")
        .or_else(|_| initialise(tools, &fresh, user, &password_file, "C"));
    fs::remove_file(&password_file)?;
    made?;
    let mut single = command(tools, "postgres", folder, user);
    single.arg("--single").arg("-D").arg(&fresh).arg("postgres");
    run(single, &format!("CREATE DATABASE {DATABASE};\n"))?;
    fs::rename(&fresh, folder.join("cluster")).context("cannot put the new cluster in its place")
}

fn initialise(
    tools: &PostgresTools,
    fresh: &Path,
    user: Option<User>,
    password_file: &Path,
    locale: &str,
) -> Result<()> {
    let folder = fresh.parent().context("a cluster lies in a folder")?;
    // The rest of an attempt that was cut off.
    let _ = fs::remove_dir_all(fresh);
    let mut initdb = command(tools, "initdb", folder, user);
    initdb.arg("-D").arg(fresh).arg("--pwfile").arg(password_file);
    initdb.args(["--username", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale", locale]);
    run(initdb, "")
}

fn command(tools: &PostgresTools, program: &str, folder: &Path, user: Option<User>) -> Command {
    let mut command = Command::new(tools.bin.join(program));
    command.envs(tools.env()).current_dir(folder);
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

fn run(mut command: Command, input: &str) -> Result<()> {
    let program = command.get_program().to_owned();
    let program = Path::new(&program).display();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run {program}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

pub fn spec(tools: &PostgresTools, folder: &Path, port: u16, user: Option<User>) -> Spec {
    let mut spec = Spec::new(tools.bin.join("postgres"), folder).arg("-D").arg(folder.join("cluster"));
    for setting in [
        &format!("port={port}"),
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        // The tests run many programs against one server, each with pools of its own.
        "max_connections=400",
    ] {
        spec = spec.arg("-c").arg(setting);
    }
    spec.env.extend(tools.env());
    spec.user = user;
    // A fast shutdown: open connections are closed and the server ends with a checkpoint.
    spec.stop = Signal::INT;
    spec.grace = Duration::from_secs(30);
    spec
}

/// Whether it answers a start-up message by asking for a password, which a server that still recovers does not.
pub fn is_ready(port: u16) -> bool {
    let ask = || -> Result<bool> {
        let mut stream = http::connect(&format!("127.0.0.1:{port}"), Duration::from_secs(1))?;
        let mut body = Vec::from(196_608_u32.to_be_bytes());
        body.extend_from_slice(format!("user\0{SUPERUSER}\0database\0postgres\0\0").as_bytes());
        let length = u32::try_from(body.len() + 4)?;
        stream.write_all(&length.to_be_bytes())?;
        stream.write_all(&body)?;
        let mut kind = [0];
        stream.read_exact(&mut kind)?;
        Ok(kind == *b"R")
    };
    ask().unwrap_or(false)
}
