//! The integration tests of the queue, against a real server: the one at `GOTONG_TEST_REDIS_URL` under a prefix for each
//! test, or one that each test starts from `GOTONG_REDIS_SERVER` or the `redis-server` or `valkey-server` on the path.

mod clock;
mod defects;
mod faults;
mod fixture;
mod model;
mod process;
mod protocol;
mod push;
mod repair;
mod run;
mod server;
mod stop;
mod wake;
