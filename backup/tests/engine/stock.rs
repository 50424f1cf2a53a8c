//! A restore by the commands of `docs/backups.md` and nothing of ours. Where a machine has no `age` or `zstd`, other
//! implementations in JavaScript stand in for them.

use crate::{database::Database, odd::ODD, place::Place};
use gotong_xtask::servers::Tools;
use std::{env, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

const DOCUMENT: &str = include_str!("../../../docs/backups.md");

/// The commands below the heading.
fn commands() -> &'static str {
    let (_, section) =
        DOCUMENT.split_once("## Restore with the programs at hand").expect("the document has the section");
    let (_, block) = section.split_once("```sh\n").expect("the section has commands");
    block.split_once("```").expect("the commands end").0
}

fn is_installed(program: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file())
}

fn stand_in(folder: &Path, program: &str) {
    let script = format!("{}/tests/stock/{program}.mjs", env!("CARGO_MANIFEST_DIR"));
    let path = folder.join(program);
    fs::write(&path, format!("#!/bin/sh\nexec node '{script}' \"$@\"\n")).expect("writes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
}

async fn restored_by_stock_tools(must_stand_in: bool) {
    let place = Place::new().await;
    let database = Database::with(ODD).await;
    let before = place.script_of(&database.url);
    let manifest = place.create(&database).await.expect("a backup");
    let folder = tempfile::tempdir().expect("a folder");
    let name = format!("{}_stock", database.url.database());
    fs::write(folder.path().join("backup.dump.zst.age"), place.get(&manifest.object.key).await).expect("writes");
    fs::write(folder.path().join("key.txt"), format!("# mine\n{}\n", place.identity.to_secret())).expect("writes");
    let programs = folder.path().join("programs");
    fs::create_dir(&programs).expect("a folder");
    for program in ["age", "zstd"].into_iter().filter(|program| must_stand_in || !is_installed(program)) {
        stand_in(&programs, program);
    }
    let old_path = env::var_os("PATH").unwrap_or_default();
    let folders = [programs, place.tools.bin.clone()].into_iter().chain(env::split_paths(&old_path));
    let into = Database::named(&name);
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(commands().replace("create database restored", &format!("create database {name}")));
    bash.current_dir(folder.path()).envs(place.tools.env()).env("PATH", env::join_paths(folders).expect("a path"));
    bash.env("READERS", Tools::default().readers_of_backups().expect("they can be fetched"));
    bash.env("SERVER", crate::database::server().expose()).env("INTO", into.url.expose());
    let output = bash.output().expect("bash runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains(&manifest.object.sha256), "{printed}");
    crate::odd::similar(&before, &place.script_of(&into.url));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_commands_restore_an_odd_database() {
    restored_by_stock_tools(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_implementations_read_what_is_written() {
    restored_by_stock_tools(true).await;
}
