#!/usr/bin/env bash
# The engine as one peer of a queue benchmark: `run.sh single|bulk|paced|worker …`, see queue/examples/bench.rs.
exec "${GOTONG_BENCH_PROGRAM:?the built example bench}" "$@"
