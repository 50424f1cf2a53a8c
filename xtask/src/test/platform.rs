//! A platform for the tests that need a running one: its own database, key prefix, bucket and ports on the local services.

use std::process::Child;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;

use crate::environment::{self, Variables};
use crate::platform::{Programs, backups, run_api};
use crate::process::{Spec, end, log_end, start_ticks, wait_until};
use crate::remembered::random_hex;
use crate::services::{Addresses, Context};
use crate::{http, ports, psql};

const START_LIMIT: Duration = Duration::from_mins(1);

/// API, worker and scheduler for one run; all end with this value.
pub struct TestPlatform {
    children: Vec<Child>,
    /// `GOTONG_URL`, `GOTONG_API_KEY`, `GOTONG_VIEWER_KEY` and `GOTONG_DASHBOARD_URL`.
    pub variables: Variables,
    /// What its programs are told.
    pub environment: Variables,
}

impl TestPlatform {
    pub fn start(context: &Context, addresses: &Addresses, programs: &Programs) -> Result<Self> {
        // Two workers, so that one can be drained.
        Self::start_with(context, addresses, programs, &["gotong-worker", "gotong-worker", "gotong-scheduler"])
    }

    /// One with an API and these programs.
    pub fn start_with(context: &Context, addresses: &Addresses, programs: &Programs, others: &[&str]) -> Result<Self> {
        let name = format!("platform{}", random_hex(4)?);
        let listen = format!("127.0.0.1:{}", ports::find_free(&[])?);
        let url = format!("http://{listen}");
        let mut variables = environment::for_programs(context, addresses, &listen, &url);
        let (server, _) = addresses.database_url.rsplit_once('/').context("a database URL ends in a name")?;
        create_database(context, &format!("{server}/postgres"), &name)?;
        for (variable, value) in [
            ("GOTONG_DATABASE_URL", format!("{server}/{name}")),
            ("GOTONG_QUEUE_PREFIX", name.clone()),
            ("GOTONG_S3_BUCKET", name.clone()),
            ("GOTONG_SEARCH_PREFIX", format!("{name}-")),
            ("GOTONG_PUBLIC_URL", url.clone()),
        ] {
            variables.insert(variable.to_owned(), value);
        }
        backups::configure(context, programs, &mut variables)?;
        run_api(context, programs, &variables, &["migrate"])?;
        // The receivers of the tests' webhooks run on this machine.
        variables.insert("GOTONG_WEBHOOK_PRIVATE".to_owned(), "true".to_owned());
        let key = |role: &str| -> Result<String> {
            let line = run_api(context, programs, &variables, &["create-key", "--name", "tests", "--role", role])?;
            let created: serde_json::Value = serde_json::from_str(&line).context("create-key printed no JSON")?;
            Ok(created["key"].as_str().context("create-key printed no key")?.to_owned())
        };
        let (admin, viewer) = (key("admin")?, key("viewer")?);
        let mut platform = Self { children: Vec::new(), variables: Variables::new(), environment: variables.clone() };
        platform.launch(context, programs, ("gotong-api", "serve"), &variables, &url)?;
        for &program in others {
            let probe = format!("127.0.0.1:{}", ports::find_free(&[])?);
            variables.insert("GOTONG_PROBE_LISTEN".to_owned(), probe.clone());
            platform.launch(context, programs, (program, "run"), &variables, &format!("http://{probe}"))?;
        }
        platform.variables = [
            ("GOTONG_DASHBOARD_URL".to_owned(), format!("{url}/dashboard")),
            ("GOTONG_URL".to_owned(), url),
            ("GOTONG_API_KEY".to_owned(), admin),
            ("GOTONG_VIEWER_KEY".to_owned(), viewer),
        ]
        .into();
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
    // Databases of earlier runs are of no use to anybody.
    let old = "SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database \
               WHERE datname ~ '^platform[0-9a-f]{8}$'";
    let made = psql::ask(&context.tools.postgres()?, server, &format!("{old} \\gexec\nCREATE DATABASE {name};\n"));
    made.context("cannot create a database").map(drop)
}
