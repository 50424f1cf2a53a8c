//! A whole platform of a test's own.

use crate::{
    LONG, SearchIndexes, Services, TestDatabase, eventually,
    processes::{Binary, Process, free_port},
    redis::{port_of, redis_command},
};
use diesel::ExpressionMethods;
use diesel_async::RunQueryDsl;
use gotong_api::auth::key;
use gotong_queue::{ManualWorker, QueueName, Subscription, WorkerInfo};
use gotong_shared::{
    config::{QueueConfig, Reader, StorageConfig},
    db::{
        models::NewApiKey,
        schema::{api_keys, workspaces},
    },
    process,
    storage::Storage,
};
use reqwest::{
    StatusCode,
    multipart::{Form, Part},
};
use serde_json::Value;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Servers that a test brings along instead of the shared ones.
#[derive(Default)]
pub struct Servers {
    /// An address of PostgreSQL, to the database `postgres`.
    pub database: Option<String>,
    /// An address of Redis.
    pub redis: Option<String>,
    /// Endpoint, access key and secret key of S3.
    pub storage: Option<(String, String, String)>,
    /// Settings that take the place of the usual ones, or come on top of them.
    pub settings: Vec<(&'static str, String)>,
    /// An address of Elasticsearch; an empty one is none.
    pub elasticsearch: Option<String>,
}

/// Ledger, queues, bucket and an API process of a test's own.
pub struct Platform {
    /// The ledger.
    pub database: TestDatabase,
    /// The bucket.
    pub storage: Storage,
    /// The search index, past every client of ours.
    pub search: SearchIndexes,
    /// The workspace that [`Platform::client`] belongs to.
    pub workspace: Uuid,
    variables: Vec<(String, String)>,
    api: Option<(Process, String)>,
}

impl Platform {
    /// A platform on the shared servers, with a running API.
    pub async fn start() -> Self {
        Self::on(Servers::default()).await
    }

    /// A platform on some servers of the test's own, with a running API.
    pub async fn on(servers: Servers) -> Self {
        let mut platform = Self::without_api(servers).await;
        platform.start_api().await;
        platform
    }

    /// A platform on some servers of the test's own, without an API.
    pub async fn without_api(servers: Servers) -> Self {
        process::choose_tls();
        let shared = Services::get();
        let database = match &servers.database {
            Some(server) => TestDatabase::create_on(server).await,
            None => TestDatabase::create().await,
        };
        let unique = Uuid::new_v4().simple().to_string();
        let (endpoint, access, secret) = servers.storage.unwrap_or_else(|| {
            (shared.s3_endpoint.clone(), shared.s3_access_key.clone(), shared.s3_secret_key.clone())
        });
        let mut variables: Vec<(String, String)> = vec![
            ("GOTONG_ENV".into(), "test".into()),
            ("GOTONG_DATABASE_URL".into(), database.url.clone()),
            ("GOTONG_DATABASE_CONNECTIONS".into(), "8".into()),
            ("GOTONG_REDIS_URL".into(), servers.redis.unwrap_or_else(|| shared.redis.clone())),
            ("GOTONG_QUEUE_PREFIX".into(), format!("t{}", &unique[..12])),
            ("GOTONG_S3_ENDPOINT".into(), endpoint),
            ("GOTONG_S3_BUCKET".into(), format!("test-{unique}")),
            ("GOTONG_S3_ACCESS_KEY".into(), access),
            ("GOTONG_S3_SECRET_KEY".into(), secret),
            ("GOTONG_SMTP_URL".into(), shared.smtp.clone()),
            ("GOTONG_LOG".into(), std::env::var("GOTONG_TEST_LOGS").unwrap_or_else(|_| "warn".into())),
            ("GOTONG_LOG_FORMAT".into(), "pretty".into()),
        ];
        variables.push(("GOTONG_SEARCH_PREFIX".into(), format!("t{}-", &unique[..12])));
        variables.push(("GOTONG_SEARCH_SHARDS".into(), "2".into()));
        let elasticsearch = servers.elasticsearch.or_else(|| shared.elasticsearch.clone()).unwrap_or_default();
        variables.push(("GOTONG_ELASTICSEARCH_URL".into(), elasticsearch));
        let search =
            SearchIndexes::new(shared.elasticsearch.as_deref().unwrap_or_default(), &format!("t{}-", &unique[..12]));
        variables.retain(|(name, _)| servers.settings.iter().all(|(other, _)| name != other));
        variables.extend(servers.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let storage = Storage::new(&StorageConfig::read(&mut Reader::from_pairs(variables.clone())));
        storage.ensure_bucket().await.expect("a bucket can be made");
        let workspace = Uuid::now_v7();
        let platform = Self { database, storage, search, workspace, variables, api: None };
        let mut connection = platform.database.pool().connection().await.expect("connects");
        let row = (workspaces::id.eq(workspace), workspaces::name.eq("test"));
        diesel::insert_into(workspaces::table).values(row).execute(&mut connection).await.expect("inserts");
        platform
    }

    /// What every program of this platform is told, with `more` on top.
    #[must_use]
    pub fn variables(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut all = self.variables.clone();
        all.retain(|(name, _)| more.iter().all(|(other, _)| name != other));
        all.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        all
    }

    /// Starts the API, or another one in its place.
    pub async fn start_api(&mut self) {
        drop(self.api.take());
        let mut last = String::new();
        // A port that was free may be taken by the time it is wanted.
        for _ in 0..5 {
            let address = format!("127.0.0.1:{}", free_port());
            let process = Process::spawn(Binary::Api, &self.variables(&[("GOTONG_API_LISTEN", &address)]));
            let url = format!("http://{address}");
            for _ in 0..500 {
                if reqwest::get(format!("{url}/health/live")).await.is_ok_and(|answer| answer.status().is_success()) {
                    self.api = Some((process, url));
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            last = address;
        }
        panic!("the API does not start on {last}");
    }

    /// The API's process id.
    #[must_use]
    pub fn api_pid(&self) -> u32 {
        self.api.as_ref().expect("the API runs").0.pid()
    }

    /// Kills the API.
    pub fn kill_api(&mut self) {
        if let Some((process, _)) = self.api.take() {
            process.kill9();
        }
    }

    /// A client with an administrator's key of [`Platform::workspace`].
    pub async fn client(&self) -> Client {
        self.client_of(self.workspace, "admin").await
    }

    /// A client with a key of that workspace and role.
    pub async fn client_of(&self, workspace: Uuid, role: &str) -> Client {
        let secret = key::generate().expect("randomness");
        let hash = key::hash(&secret).expect("a key of our own is well-formed");
        let row = NewApiKey {
            id: Uuid::now_v7(),
            workspace_id: workspace,
            name: "test",
            role,
            hash: hash.as_ref(),
            expires_at: None,
        };
        let mut connection = self.database.pool().connection().await.expect("connects");
        diesel::insert_into(api_keys::table).values(row).execute(&mut connection).await.expect("inserts");
        let url = self.api.as_ref().expect("the API runs").1.clone();
        Client { http: reqwest::Client::new(), url, key: secret }
    }

    /// A client of the engine on this platform's queues.
    pub async fn queue(&self) -> gotong_queue::Client {
        let config = QueueConfig::read(&mut Reader::from_pairs(self.variables.clone()));
        gotong_queue::Client::connect(config.engine()).await.expect("a client")
    }

    /// A worker by hand on the queue of thumbnails.
    pub async fn hand(&self) -> ManualWorker {
        let subscription = Subscription {
            queue: Self::images(),
            concurrency: 1,
            kinds: vec!["thumbnail.generate".to_owned()],
            worker: WorkerInfo::new("test"),
            drain: Duration::ZERO,
        };
        ManualWorker::new(self.queue().await, &subscription)
    }

    /// What the loops of a scheduler work with.
    pub async fn resources(&self) -> gotong_scheduler::Resources {
        gotong_scheduler::Resources { database: self.database.pool(), client: self.queue().await }
    }

    /// A command to this platform's Redis, past every client of ours; `{}` stands for what the keys of a queue begin
    /// with, as in `HGET {}meta e`.
    ///
    /// # Panics
    /// When Redis does not answer, or answers with an error.
    pub fn redis(&self, queue: &QueueName, words: &[&str]) -> String {
        let find = |name: &str| self.variables.iter().find(|(n, _)| n == name).expect("a platform names it").1.clone();
        let front = format!("{}:{{{queue}}}:", find("GOTONG_QUEUE_PREFIX"));
        let words: Vec<String> = words.iter().map(|word| word.replace("{}", &front)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let reply = redis_command(port_of(&find("GOTONG_REDIS_URL")), &words).expect("Redis answers");
        assert!(!reply.starts_with('-'), "{words:?}: {reply}");
        reply
    }

    /// Runs a worker in this process.
    #[must_use]
    pub fn worker(&self) -> Running {
        self.worker_on("backups:2,images:2,mail:20,maintenance:1,reports:2,search:64,search-upkeep:2,webhooks:4")
    }

    /// Runs a worker for those queues in this process.
    #[must_use]
    pub fn worker_on(&self, queues: &str) -> Running {
        self.worker_with(queues, "true")
    }

    /// Runs a worker in this process whose webhooks reach public addresses only.
    #[must_use]
    pub fn guarded_worker(&self) -> Running {
        self.worker_with("webhooks:1", "false")
    }

    fn worker_with(&self, queues: &str, private_webhooks: &str) -> Running {
        let variables = self.variables(&[
            ("GOTONG_WORKER_QUEUES", queues),
            ("GOTONG_WORKER_DRAIN_SECONDS", "20"),
            ("GOTONG_WEBHOOK_PRIVATE", private_webhooks),
        ]);
        let settings = gotong_worker::Settings::read(Reader::from_pairs(variables)).expect("usable settings");
        Running::start(|stop| async { gotong_worker::run(settings, stop).await.expect("the worker runs") })
    }

    /// Runs a scheduler in this process.
    #[must_use]
    pub fn scheduler(&self) -> Running {
        let settings = gotong_scheduler::Settings::read(Reader::from_pairs(self.variables.clone()));
        let settings = settings.expect("usable settings");
        Running::start(|stop| async { gotong_scheduler::run(settings, stop).await.expect("the scheduler runs") })
    }

    /// Waits until every queue's epoch is open: until then nothing is pushed or fetched.
    pub async fn settled(&self) {
        let queue = self.queue().await;
        for name in gotong_scheduler::queues() {
            eventually("the doctor opens the epoch", LONG, async || {
                queue.epoch(&name).await.ok().filter(gotong_queue::EpochView::is_open)
            })
            .await;
        }
    }

    /// The number of jobs in that state, as the ledger has it.
    pub async fn jobs_in(&self, state: &str) -> i64 {
        self.database.count(&format!("select count(*) from jobs where state = '{state}'")).await
    }

    /// The queue of thumbnails.
    #[must_use]
    pub fn images() -> QueueName {
        "images".parse().expect("a valid name")
    }
}

/// A program that runs in this process.
pub struct Running {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Running {
    fn start<F: Future<Output = ()> + Send + 'static>(run: impl FnOnce(CancellationToken) -> F) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(stop.clone()));
        Self { stop, task: Some(task) }
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            task.await.expect("it ends without a panic");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A client of the API.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// The API's address.
    pub url: String,
    /// Its key.
    pub key: String,
}

impl Client {
    /// A request to a path below the API's address.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }

    /// The status and JSON of a GET; `Null` where there is none.
    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.request("GET", path).send().await.expect("the API answers")).await
    }

    /// The status and JSON of an upload.
    pub async fn upload(&self, filename: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
        self.upload_with(filename, bytes, &[]).await
    }

    /// The status and JSON of an upload with headers.
    pub async fn upload_with(&self, filename: &str, bytes: Vec<u8>, headers: &[(&str, &str)]) -> (StatusCode, Value) {
        let form = Form::new().part("file", Part::bytes(bytes).file_name(filename.to_owned()));
        let mut request = self.request("POST", "/api/v1/media").multipart(form);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send().await.expect("the API answers")).await
    }

    /// Waits until the job is in a final state, and answers it.
    pub async fn finished(&self, job: &str) -> Value {
        eventually("the job ends", LONG, async || {
            let (status, job) = self.get(&format!("/api/v1/jobs/{job}")).await;
            let ended = job["finished_at"].is_string();
            (status == StatusCode::OK && ended).then_some(job)
        })
        .await
    }

    /// The bytes of a GET.
    pub async fn bytes(&self, path: &str) -> (StatusCode, Vec<u8>) {
        let answer = self.request("GET", path).send().await.expect("the API answers");
        (answer.status(), answer.bytes().await.expect("a body").to_vec())
    }
}

/// The status and JSON of an answer; `Null` where there is none.
///
/// # Panics
/// When the body breaks off.
pub async fn answer(answer: reqwest::Response) -> (StatusCode, Value) {
    let status = answer.status();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}
