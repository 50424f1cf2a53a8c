//! `cargo xtask test`: services, builds, and every kind of test the project has, with one sum at the end.

mod browser;
mod clients;
mod dashboard;
mod tally;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use self::tally::Tally;
use crate::checkout::Checkout;
use crate::environment::Variables;
use crate::platform::Programs;
use crate::process::Process;
use crate::services::{self, Addresses, Choice, Context};
use crate::{cargo, interrupt, progress, sdk, stack};

const INTEGRATION: &str = "gotong-tests";
/// Tests below a module of this name run alone, one after the other.
const SERIAL: &str = "serial::";

/// Runs all tests, or those whose path contains `filter`. With `keep` the services started for them stay.
/// Returns whether everything passed.
pub fn run(filter: Option<&str>, keep: bool) -> Result<bool> {
    let checkout = Checkout::find()?;
    checkout.create_folders()?;
    let context = Context::open(checkout.clone())?;
    let before: Vec<i32> = Process::all(&checkout).iter().filter(|p| p.is_alive()).map(|p| p.pid).collect();
    let result = run_everything(&context, filter);
    if !keep {
        let mut fresh = Process::all(&checkout);
        fresh.retain(|process| !before.contains(&process.pid));
        if !fresh.is_empty() {
            let _lock = stack::lock(&checkout)?;
            stack::stop(&checkout, fresh)?;
        }
    }
    let tally = result?;
    interrupt::check()?;
    tally.print();
    Ok(tally.is_good())
}

fn run_everything(context: &Context, filter: Option<&str>) -> Result<Tally> {
    let checkout = &context.checkout;
    progress::note("Services");
    let addresses = {
        let _lock = stack::lock(checkout)?;
        services::ensure(context, Choice::LocalOnly)?
    };
    progress::note("Build");
    let programs = Programs::build(checkout.root(), false)?;
    let sdks = sdk::ensure(context)?;
    let mut tally = Tally::default();
    let mut variables = variables(context, &addresses, &programs)?;
    if let Some(sdks) = &sdks {
        variables.insert("GOTONG_TEST_SDK_DIR".to_owned(), sdks.display().to_string());
    }
    if let Some(browser) = browser::find(checkout.root(), &mut tally)? {
        variables.insert("GOTONG_TEST_BROWSER".to_owned(), browser.display().to_string());
    }
    progress::note("Rust");
    rust(checkout.root(), filter, &variables, &mut tally)?;
    if filter.is_none() {
        dashboard::run(checkout.root(), &variables, &mut tally)?;
        clients::run(context, &addresses, &programs, sdks.as_deref(), &mut tally)?;
    }
    Ok(tally)
}

/// What a test process is told. A value that is set already stays, so that single services can be replaced.
fn variables(context: &Context, addresses: &Addresses, programs: &Programs) -> Result<Variables> {
    let folder = programs.folder()?.display().to_string();
    // The superuser's address of the maintenance database: each test creates a database of its own.
    let server = addresses.database_url.rsplit_once('/').context("a database URL ends in a name")?.0;
    let pairs = [
        ("GOTONG_TEST_DATABASE_URL", format!("{server}/postgres")),
        ("GOTONG_TEST_REDIS_URL", addresses.redis_url.clone()),
        ("GOTONG_TEST_S3_ENDPOINT", addresses.s3.endpoint.clone()),
        ("GOTONG_TEST_S3_ACCESS_KEY", addresses.s3.access_key.clone()),
        ("GOTONG_TEST_S3_SECRET_KEY", addresses.s3.secret_key.clone()),
        ("GOTONG_TEST_ELASTICSEARCH_URL", addresses.elasticsearch_url.clone().unwrap_or_default()),
        ("GOTONG_TEST_SMTP_URL", addresses.smtp_url.clone()),
        ("GOTONG_TEST_MAIL_INBOX_URL", addresses.mail_inbox_url.clone().unwrap_or_default()),
        ("GOTONG_TEST_BIN_DIR", folder),
        ("RUST_TEST_THREADS", test_threads().to_string()),
        ("RUST_BACKTRACE", "1".to_owned()),
    ];
    Ok(pairs.into_iter().map(|(name, value)| (name.to_owned(), context.settings.get(name).unwrap_or(value))).collect())
}

/// The tests mostly wait for servers, so a few more than there are processors keep those busy.
fn test_threads() -> usize {
    std::thread::available_parallelism().map_or(4, |processors| (processors.get() * 2).clamp(4, 16))
}

fn rust(root: &Path, filter: Option<&str>, variables: &Variables, tally: &mut Tally) -> Result<()> {
    let mut together = cargo::command(root);
    together.args(["test", "--workspace", "--no-fail-fast"]).args(filter).args(["--", "--skip", SERIAL]);
    tally.run("Rust tests", together.envs(variables))?;
    let alone = serial_tests(root, filter, variables)?;
    if !alone.is_empty() {
        progress::note(format_args!("Rust, one after the other: {} tests", alone.len()));
        let mut serial = cargo::command(root);
        serial.args(["test", "--package", INTEGRATION, "--no-fail-fast", "--", "--exact", "--test-threads=1"]);
        tally.run("serial Rust tests", serial.args(&alone).envs(variables))?;
    }
    Ok(())
}

fn serial_tests(root: &Path, filter: Option<&str>, variables: &Variables) -> Result<Vec<String>> {
    interrupt::check()?;
    let mut list = cargo::command(root);
    list.args(["test", "--quiet", "--package", INTEGRATION, "--tests", "--lib", "--", "--list", "--format", "terse"]);
    let output = list.envs(variables).output().context("cannot run cargo")?;
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    let tests = names.lines().filter_map(|line| line.strip_suffix(": test"));
    let wanted = tests.filter(|name| name.contains(SERIAL) && filter.is_none_or(|filter| name.contains(filter)));
    Ok(wanted.map(str::to_owned).collect())
}

/// Installs what a `package-lock.json` names, when that has changed since the last time.
fn install_packages(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = crate::fetch::sha256(&lock)?;
    let mark = folder.join("node_modules/.installed-from");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
    let what = format!("installing the packages of {}", folder.display());
    progress::while_running("npm", &what, || crate::fetch::run_client(&mut npm, "npm", "Node 20 or newer with npm"))?;
    std::fs::create_dir_all(folder.join("node_modules"))?;
    Ok(std::fs::write(mark, wanted)?)
}
