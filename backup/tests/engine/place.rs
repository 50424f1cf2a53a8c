//! A bucket, a key and a target of a test's own.

use crate::database::{Database, server, told};
use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};
use gotong_backup::{
    BackupId, Compression, Create, DatabaseUrl, Drill, Error, Identity, Manifest, Programs, Restore, Selector, Store,
    StoreConfig, TargetName, Verify, create, verify,
};
use gotong_xtask::servers::{PostgresTools, Tools};
use std::{process::Command, sync::LazyLock};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub struct Place {
    pub store: Store,
    pub config: StoreConfig,
    pub target: TargetName,
    pub identity: Identity,
    pub programs: Programs,
    pub tools: PostgresTools,
    /// The same bucket past the engine.
    pub client: Client,
}

static NEVER: LazyLock<CancellationToken> = LazyLock::new(CancellationToken::new);

impl Place {
    pub async fn new() -> Self {
        // Another test may have chosen already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let config = StoreConfig {
            endpoint: Some(told("GOTONG_TEST_S3_ENDPOINT")),
            region: "us-east-1".to_owned(),
            bucket: format!("test-{}", Uuid::new_v4().simple()),
            prefix: "deep/er".to_owned(),
            access_key: told("GOTONG_TEST_S3_ACCESS_KEY"),
            secret_key: told("GOTONG_TEST_S3_SECRET_KEY"),
        };
        let store = Store::new(&config);
        store.ensure_bucket().await.expect("a bucket can be made");
        let tools = Tools::default().postgres().expect("PostgreSQL is there");
        Self {
            client: client(&config),
            store,
            config,
            target: "shop".parse().expect("a name"),
            identity: Identity::generate(),
            programs: Programs::new(Some(tools.bin.clone())),
            tools,
        }
    }

    /// The same place for another task.
    pub fn again(&self) -> Self {
        Self {
            store: self.store.clone(),
            config: self.config.clone(),
            target: self.target.clone(),
            identity: self.identity.clone(),
            programs: self.programs.clone(),
            tools: self.tools.clone(),
            client: self.client.clone(),
        }
    }

    /// The same place, reached by way of another port.
    pub fn store_behind(&self, port: u16) -> Store {
        Store::new(&StoreConfig { endpoint: Some(format!("http://127.0.0.1:{port}")), ..self.config.clone() })
    }

    pub async fn create(&self, database: &Database) -> Result<Manifest, Error> {
        self.create_in(&self.store, &fresh_id(), &database.url, &NEVER).await
    }

    pub async fn create_in(
        &self,
        store: &Store,
        id: &BackupId,
        database: &DatabaseUrl,
        cancelled: &CancellationToken,
    ) -> Result<Manifest, Error> {
        create(Create {
            store,
            target: &self.target,
            id,
            database,
            recipients: &[self.identity.recipient()],
            programs: &self.programs,
            compression: Compression::default(),
            progress: None,
            cancelled,
        })
        .await
    }

    pub async fn verify(&self, id: &BackupId) -> Result<Drill, Error> {
        self.verify_with(id, &self.identity).await
    }

    pub async fn verify_with(&self, id: &BackupId, identity: &Identity) -> Result<Drill, Error> {
        verify(Verify {
            store: &self.store,
            target: &self.target,
            which: &Selector::Id(id.clone()),
            identities: std::slice::from_ref(identity),
            server: &server(),
            programs: &self.programs,
            progress: None,
            cancelled: &NEVER,
        })
        .await
    }

    pub fn restore<'a>(
        &'a self,
        which: &'a Selector,
        identities: &'a [Identity],
        into: &'a DatabaseUrl,
    ) -> Restore<'a> {
        Restore {
            store: &self.store,
            target: &self.target,
            which,
            identities,
            into,
            overwrite: None,
            programs: &self.programs,
            progress: None,
            cancelled: &NEVER,
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.config.prefix)
    }

    pub async fn get(&self, name: &str) -> Vec<u8> {
        self.get_from(&self.config.prefix, name).await
    }

    pub async fn get_from(&self, prefix: &str, name: &str) -> Vec<u8> {
        let request = self.client.get_object().bucket(&self.config.bucket).key(format!("{prefix}/{name}"));
        let object = request.send().await.expect("the object is there");
        object.body.collect().await.expect("it can be read").to_vec()
    }

    pub async fn put(&self, name: &str, content: Vec<u8>) {
        let request = self.client.put_object().bucket(&self.config.bucket).key(self.key(name));
        request.body(content.into()).send().await.expect("it can be written");
    }

    pub async fn delete(&self, name: &str) {
        let request = self.client.delete_object().bucket(&self.config.bucket).key(self.key(name));
        request.send().await.expect("it can be removed");
    }

    pub async fn keys(&self) -> Vec<String> {
        let listed = self.client.list_objects_v2().bucket(&self.config.bucket).send().await.expect("lists");
        listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()
    }

    /// Changes fields of a manifest, by JSON pointers.
    pub async fn edit_manifest(&self, id: &BackupId, changes: &[(&str, serde_json::Value)]) {
        let name = format!("{}/{id}.manifest.json", self.target);
        let mut manifest: serde_json::Value = serde_json::from_slice(&self.get(&name).await).expect("JSON");
        for (pointer, value) in changes {
            *manifest.pointer_mut(pointer).expect("the manifest has the field") = value.clone();
        }
        self.put(&name, manifest.to_string().into_bytes()).await;
    }

    /// What `pg_dump` makes of a database as a script, but for what differs each time.
    pub fn script_of(&self, url: &DatabaseUrl) -> String {
        let mut dump = Command::new(self.tools.bin.join("pg_dump"));
        let output = dump.arg("--no-password").arg(url.expose()).envs(self.tools.env()).output().expect("pg_dump runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("a script is text");
        // Against injected commands of psql: a fresh random word in each dump.
        let is_random = |line: &str| line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
        let mut lines: Vec<&str> = text.lines().filter(|line| !is_random(line)).collect();
        let mut from = 0;
        // Rows have no order: where one goes depends on the room that is left in the pages of the table.
        while let Some(start) =
            lines[from..].iter().position(|line| line.starts_with("COPY ") && line.ends_with("FROM stdin;"))
        {
            let start = from + start + 1;
            let length = lines[start..].iter().position(|line| *line == "\\.").expect("the rows of a table end");
            lines[start..start + length].sort_unstable();
            from = start + length;
        }
        lines.iter().flat_map(|line| [*line, "\n"]).collect()
    }
}

pub fn fresh_id() -> BackupId {
    BackupId::from(Uuid::now_v7())
}

fn client(config: &StoreConfig) -> Client {
    let keys = Credentials::new(&config.access_key, &config.secret_key, None, None, "test");
    let builder = aws_sdk_s3::Config::builder().behavior_version(BehaviorVersion::latest()).force_path_style(true);
    let builder = builder.region(Region::new("us-east-1")).credentials_provider(keys);
    Client::from_conf(builder.endpoint_url(config.endpoint.clone().expect("an endpoint")).build())
}
