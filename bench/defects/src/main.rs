//! Runs the same scenarios against apalis-redis and against gotong-queue and prints both outcomes as a table.
//!
//! ```text
//! cargo run --release -p gotong-defects [-- d1 d8 …]
//! ```
//! Each scenario has a server of its own, `GOTONG_REDIS_SERVER` or `redis-server`. All take some two minutes.

mod apalis_redis_peer;
mod gotong;
mod peer;
mod scenarios;
mod server;

use anyhow::Result;

use apalis_redis_peer::ApalisRedis;
use gotong::Gotong;
use peer::Peer as _;
use scenarios::Outcome;
use server::Server;

macro_rules! scenarios {
    ($($name:literal, $what:literal, $run:ident;)+) => {
        /// Runs those that are wanted.
        async fn run(wanted: &[String]) -> Result<()> {
            $(if wanted.is_empty() || wanted.iter().any(|name| name == $name) {
                let theirs = scenarios::$run::<ApalisRedis>(&Server::start()?).await;
                let ours = scenarios::$run::<Gotong>(&Server::start()?).await;
                println!("| {} | {} | {} | {} |", $name, $what, cell(theirs), cell(ours));
            })+
            Ok(())
        }
    };
}

scenarios! {
    "d1", "a backlog of 10,000 due jobs", backlog;
    "d2", "five jobs with one unique key", unique;
    "d3", "a handler over its timeout is tried again", timeout;
    "d4", "a panic is tried again and ends no worker", panic;
    "d5", "two attempts are two attempts", attempts;
    "d6", "looking at the queue", inspection;
    "d7", "results that are not kept", unkept_results;
    "d8", "four jobs of 3 s, two workers, death after 2 s of silence", slow_jobs;
    "d9", "a worker starts again under the name of one that crashed", same_name;
    "d10", "maintenance while a failed job waits", maintenance;
    "d11", "one unreadable job among good ones", unreadable;
    "d12", "priorities 0 to 4, 4 first", priorities;
    "d13", "the cost of a job does not grow with the backlog", cost_of_a_backlog;
    "d14", "1,000 slow jobs, no concurrency given", unbounded;
    "d14b", "handlers that compute use several threads", blocking;
}

/// An outcome, marked where it is not what a queue should do.
fn cell(outcome: Result<Outcome>) -> String {
    match outcome {
        Ok(Outcome { said, sound: true }) => said,
        Ok(Outcome { said, sound: false }) => format!("**✗** {said}"),
        Err(error) => format!("**✗** {error:#}"),
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    // what handlers panic with on purpose is no news
    std::panic::set_hook(Box::new(|_| {}));
    println!("| | scenario | {} | {} |\n|---|---|---|---|", ApalisRedis::NAME, Gotong::NAME);
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    run(&wanted).await
}
