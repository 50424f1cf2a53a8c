#!/usr/bin/env bash
# Measures the queue engine beside its peers in one run, interleaved, and prints the table of bench/RESULTS.md.
#
#   beside-peers.sh KIT [CONFIG,CONFIG…]
#
# KIT is a folder that measures peers: queues/<peer>/run.sh for each, kit/queuebench.py with its table `C`, an
# environment in _env that its kit/setup.sh has made. This adds the engine to it as the peer `gotong`. REPS: how often
# (default 2: some twelve minutes). The raw measurements stay in KIT/_out/gotong.jsonl.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kit=$(cd "${1:?the folder of the peers}" && pwd)
configs=${2:-gotong-50,asynq-50,bee-50,bullmq-50,sidekiq-10,river-1000}
reps=${REPS:-2}

cargo build --release --manifest-path "$here/../../Cargo.toml" -p gotong-queue --example bench
target=$(cargo metadata --format-version 1 --no-deps --manifest-path "$here/../../Cargo.toml" |
  sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
export GOTONG_BENCH_PROGRAM="$target/release/examples/bench"

mkdir -p "$kit/queues/gotong" "$kit/_out" "$kit/_data"
cp "$here/run.sh" "$kit/queues/gotong/run.sh"
grep -q '"gotong-backlog-1m"' "$kit/kit/queuebench.py" ||
  sed -i 's/^C = {$/&\n "gotong-10": dict(peer="gotong", conc=10, bulk=1), "gotong-50": dict(peer="gotong", conc=50, bulk=1),\
 "gotong-many": dict(peer="gotong", conc=50, env={"BENCH_UNDER_WAY": "50"}),\
 "gotong-backlog-10k": dict(peer="gotong", conc=50, bulk=1, n=10000),\
 "gotong-backlog-1m": dict(peer="gotong", conc=50, bulk=1, n=1000000),/' "$kit/kit/queuebench.py"

cd "$kit"
bench() { _env/py/bin/python kit/queuebench.py "$@"; }
out=_out/gotong.jsonl
for rep in $(seq "$reps"); do
  bench drain --reps 1 --n 20000 --persist none,aof --configs "$configs"
  bench drain --reps 1 --n 20000 --persist none --procs 2 --configs "$configs"
  bench enqueue --reps 1 --persist none --configs "$configs,gotong-many"
  bench latency --reps 1 --configs "${configs//-50/-10}"
  bench crash --reps 1 --to 30 --configs gotong-10
  bench drain --reps 1 --configs gotong-backlog-10k,gotong-backlog-1m
done | tee "$out" >&2
"$here/table.py" "$out"
