//! The tests of the generated clients in `sdks/`, against a platform of their own: its own database, key prefix, bucket
//! and ports on the local services.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;

use super::tally::Tally;
use crate::environment::{self, Variables};
use crate::fetch::{run_client, sha256};
use crate::platform::{Programs, run_api};
use crate::process::{Spec, end, log_end, start_ticks, wait_until};
use crate::remembered::random_hex;
use crate::services::{Addresses, Context};
use crate::{http, ports, progress};

const START_LIMIT: Duration = Duration::from_mins(1);

pub fn run(
    context: &Context,
    addresses: &Addresses,
    programs: &Programs,
    sdks: Option<&Path>,
    tally: &mut Tally,
) -> Result<()> {
    let folder = context.checkout.root().join("sdks");
    let (python, typescript) = (folder.join("python"), folder.join("typescript"));
    let has_python = python.join("tests").is_dir();
    let has_typescript = typescript.join("package.json").is_file();
    let Some(sdks) = sdks.filter(|_| has_python || has_typescript) else { return Ok(()) };
    progress::note("Clients");
    let platform = TestPlatform::start(context, addresses, programs)?;
    if has_python {
        let interpreter = virtual_environment(context, &python)?;
        let mut command = Command::new(interpreter);
        command.args(["-m", "unittest", "discover", "--verbose", "--start-directory"]).arg(python.join("tests"));
        command.env("PYTHONPATH", sdks.join("python")).env("PYTHONDONTWRITEBYTECODE", "1").envs(&platform.variables);
        tally.run("Python client", &mut command)?;
    }
    if has_typescript {
        super::install_packages(&typescript)?;
        let mut command = Command::new("npm");
        command.args(["run", "--silent", "test"]).current_dir(&typescript).envs(&platform.variables);
        tally.run("TypeScript client", command.env("NO_COLOR", "1"))?;
    }
    Ok(())
}

/// An environment in `.gotong` with exactly the packages that `requirements.txt` names, hashes included.
fn virtual_environment(context: &Context, python: &Path) -> Result<PathBuf> {
    let folder = context.checkout.state().join("python");
    let requirements = python.join("requirements.txt");
    let (interpreter, mark) = (folder.join("bin/python"), folder.join(".installed-from"));
    let wanted = sha256(&requirements)?;
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }
    progress::while_running("python", "installing what the Python client needs", || {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&folder);
        run_client(&mut venv, "python3 -m venv", "Python 3 with venv (Debian: apt install python3-venv)")?;
        let mut pip = Command::new(&interpreter);
        pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary=:all:", "-r"])
            .arg(&requirements);
        run_client(&mut pip, "pip", "Python 3 with pip")
    })?;
    fs::write(mark, wanted)?;
    Ok(interpreter)
}

/// API, worker and scheduler for one run; all end with this value.
struct TestPlatform {
    children: Vec<Child>,
    /// `GOTONG_URL` and `GOTONG_API_KEY` for the clients.
    variables: Variables,
}

impl TestPlatform {
    fn start(context: &Context, addresses: &Addresses, programs: &Programs) -> Result<Self> {
        let name = format!("clients{}", random_hex(4)?);
        let listen = format!("127.0.0.1:{}", ports::find_free(&[])?);
        let url = format!("http://{listen}");
        let mut variables = environment::for_programs(context, addresses, &listen, &url);
        let (server, _) = addresses.database_url.rsplit_once('/').context("a database URL ends in a name")?;
        create_database(context, &format!("{server}/postgres"), &name)?;
        for (variable, value) in [
            ("GOTONG_DATABASE_URL", format!("{server}/{name}")),
            ("GOTONG_QUEUE_PREFIX", name.clone()),
            ("GOTONG_S3_BUCKET", name.clone()),
            ("GOTONG_PUBLIC_URL", url.clone()),
        ] {
            variables.insert(variable.to_owned(), value);
        }
        run_api(context, programs, &variables, &["migrate"])?;
        let line = run_api(context, programs, &variables, &["create-key", "--name", "clients", "--role", "admin"])?;
        let created: serde_json::Value = serde_json::from_str(&line).context("create-key printed no JSON")?;
        let key = created["key"].as_str().context("create-key printed no key")?.to_owned();
        let mut platform = Self { children: Vec::new(), variables: Variables::new() };
        platform.launch(context, programs, ("gotong-api", "serve"), &variables, &url)?;
        for program in ["gotong-worker", "gotong-scheduler"] {
            let probe = format!("127.0.0.1:{}", ports::find_free(&[])?);
            variables.insert("GOTONG_PROBE_LISTEN".to_owned(), probe.clone());
            platform.launch(context, programs, (program, "run"), &variables, &format!("http://{probe}"))?;
        }
        platform.variables = [("GOTONG_URL".to_owned(), url), ("GOTONG_API_KEY".to_owned(), key)].into();
        Ok(platform)
    }

    fn launch(
        &mut self,
        context: &Context,
        programs: &Programs,
        (program, command): (&str, &str),
        variables: &Variables,
        url: &str,
    ) -> Result<()> {
        let log = context.checkout.log(&format!("test-{program}"));
        let mut spec = Spec::new(programs.get(program)?, context.checkout.root()).arg(command);
        spec.env.extend(variables.iter().map(|(name, value)| (name.clone(), value.into())));
        let mut child = spec.spawn(&log)?;
        let health = format!("{url}/health/ready");
        let mut ended = false;
        let ready = wait_until(START_LIMIT, || {
            ended = !matches!(child.try_wait(), Ok(None));
            ended || http::get(&health, Duration::from_secs(3)).is_ok_and(|answer| answer.status == 200)
        });
        self.children.push(child);
        if ended || !ready {
            bail!("{program} did not get ready. The end of {}:\n{}", log.display(), log_end(&log, 20));
        }
        Ok(())
    }
}

impl Drop for TestPlatform {
    fn drop(&mut self) {
        for mut child in self.children.drain(..).rev() {
            let pid = i32::try_from(child.id()).unwrap_or_default();
            if let Some(started) = start_ticks(pid) {
                let _ = end(pid, started, Some(Signal::TERM), Duration::from_secs(30));
            }
            let _ = child.wait();
        }
    }
}

fn create_database(context: &Context, server: &str, name: &str) -> Result<()> {
    let tools = context.tools.postgres()?;
    let mut psql = Command::new(tools.bin.join("psql"));
    psql.envs(tools.env()).args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", server]);
    // Databases of earlier runs are of no use to anybody.
    let old = "SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database WHERE datname ~ '^clients[0-9a-f]{8}$'";
    let output = psql.args(["-c", &format!("{old} \\gexec"), "-c", &format!("CREATE DATABASE {name}")]).output()?;
    if !output.status.success() {
        bail!("cannot create a database: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
