//! The private servers start, answer, die, come back with their data, and leave nothing behind.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use gotong_xtask::servers::{PostgresServer, RedisServer, S3Server, Tools};

fn redis(port: u16, command: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("redis listens");
    stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a valid timeout");
    stream.write_all(format!("{command}\r\n").as_bytes()).expect("sent");
    let mut answer = [0; 512];
    stream
        .read(&mut answer)
        .map_or_else(|_| String::new(), |count| String::from_utf8_lossy(&answer[..count]).into_owned())
}

#[test]
fn redis_keeps_its_data_over_a_restart_and_can_be_paused() {
    let mut server = RedisServer::start().expect("starts");
    assert_eq!(redis(server.port(), "SET name value"), "+OK\r\n");
    server.restart().expect("restarts");
    assert_eq!(redis(server.port(), "GET name"), "$5\r\nvalue\r\n");

    server.pause().expect("runs");
    assert_eq!(redis(server.port(), "GET name"), "");
    server.resume().expect("runs");
    assert_eq!(redis(server.port(), "GET name"), "$5\r\nvalue\r\n");

    assert!(redis(server.port(), "CONFIG GET maxmemory-policy").contains("noeviction"));
    assert!(redis(server.port(), "CONFIG GET appendfsync").contains("everysec"));

    server.kill9();
    let port = server.port();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    server.restart().expect("starts again");
    drop(server);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn an_option_replaces_the_usual_one() {
    let server = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]).expect("starts");
    assert!(redis(server.port(), "CONFIG GET maxmemory-policy").contains("allkeys-lru"));
}

fn psql(url: &str, statement: &str) -> (bool, String) {
    let tools = Tools::default().postgres().expect("PostgreSQL");
    let mut command = Command::new(tools.bin.join("psql"));
    command.envs(tools.env()).args(["-XAt", "-v", "ON_ERROR_STOP=1", "-c", statement, url]);
    let output = command.output().expect("psql runs");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn postgres_recovers_from_a_kill_and_asks_for_its_password() {
    let mut server = PostgresServer::start().expect("starts");
    let made = psql(&server.url_of("gotong"), "CREATE TABLE kept AS SELECT 7 AS number");
    assert!(made.0, "{made:?}");
    server.kill9();
    assert!(!psql(&server.url(), "SELECT 1").0);
    server.restart().expect("recovers");
    assert_eq!(psql(&server.url_of("gotong"), "SELECT number FROM kept"), (true, "7".to_owned()));
    server.stop().expect("stops in order");
    server.restart().expect("starts");
    assert_eq!(psql(&server.url(), "SHOW is_superuser"), (true, "on".to_owned()));

    let (before, after) = server.url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a password");
    assert!(!psql(&format!("{before}x@{after}"), "SELECT 1").0, "a wrong password was let in");
}

#[test]
fn s3_refuses_the_nameless_and_comes_back() {
    let mut server = S3Server::start().expect("starts");
    let status = |server: &S3Server| {
        let host = server.endpoint().replace("http://", "");
        let mut stream = TcpStream::connect(&host).expect("listens");
        let request = format!("PUT /stolen HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.split(' ').nth(1).map(str::to_owned)
    };
    assert_eq!(status(&server).as_deref(), Some("403"));
    server.kill9();
    server.restart().expect("starts again");
    assert_eq!(status(&server).as_deref(), Some("403"));
}
