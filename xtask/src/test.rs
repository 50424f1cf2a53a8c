//! `cargo xtask test`: services, builds, and every kind of test the project has, with one sum at the end.

pub mod browser;
mod clients;
mod dashboard;
pub mod platform;
mod tally;

use std::path::Path;

use anyhow::{Context as _, Result};

use self::platform::TestPlatform;
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
    let python = clients::virtual_environment(context, "mail", &checkout.root().join("tests/mail/requirements.txt"))?;
    variables.entry("GOTONG_TEST_PYTHON".to_owned()).or_insert_with(|| python.display().to_string());
    let browser = browser::find(checkout.root(), &mut tally)?;
    progress::note("Rust");
    rust(checkout.root(), filter, &variables, &mut tally)?;
    if filter.is_none() {
        let result = dashboard::run(checkout.root(), &variables, &mut tally);
        tally.note("dashboard", result)?;
        let clients = (sdks.as_deref(), browser.as_deref());
        let result = with_platform(context, &addresses, &programs, clients, &mut tally);
        tally.note("tests against a platform", result)?;
    }
    Ok(tally)
}

/// The tests that talk to a running platform as its users do: the generated clients, and the dashboard in a browser.
fn with_platform(
    context: &Context,
    addresses: &Addresses,
    programs: &Programs,
    (sdks, browser): (Option<&Path>, Option<&Path>),
    tally: &mut Tally,
) -> Result<()> {
    let sdks = sdks.filter(|_| clients::exist(context.checkout.root()));
    if sdks.is_none() && browser.is_none() {
        return Ok(());
    }
    let platform = TestPlatform::start(context, addresses, programs)?;
    if let Some(sdks) = sdks {
        clients::run(context, sdks, &platform.variables, tally)?;
    }
    if let Some(browser) = browser {
        let mut variables = platform.variables.clone();
        variables.insert("GOTONG_TEST_BROWSER".to_owned(), browser.display().to_string());
        dashboard::run_in_browser(context.checkout.root(), &variables, tally)?;
    }
    Ok(())
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
        ("GOTONG_TEST_POSTGRES_BIN", context.tools.postgres()?.bin.display().to_string()),
        // The engine's own tests start servers by themselves, since they know nothing of this project.
        ("GOTONG_REDIS_SERVER", context.tools.redis()?.path.display().to_string()),
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
