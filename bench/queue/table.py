#!/usr/bin/env python3
"""table.py FILE.jsonl: the measurements of beside-peers.sh as the table of bench/RESULTS.md, ratios and goals included."""
import collections, json, statistics, sys

OURS = "gotong"
NAMES = {"gotong": "ours", "bee": "bee-queue", "bullmq": "BullMQ", "sidekiq": "Sidekiq", "river": "River"}


def read(path):
    """Values by measurement, persistence, processes and configuration."""
    found = collections.defaultdict(list)
    for line in open(path):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if row["measure"] == "error":
            print(f"error: {row['config']}: {row['error'][:200]}", file=sys.stderr)
        found[row["measure"], row.get("persist", "none"), row.get("procs", 1), row["config"]].append(row)
    return found


def number(value):
    if abs(value) >= 10_000:
        return f"{round(value, -2):,.0f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}" if abs(value) < 10 else f"{value:.0f}"


def spread(values):
    """The median, with the minimum and maximum where they differ."""
    low, high = number(min(values)), number(max(values))
    return number(statistics.median(values)) + ("" if low == high else f" ({low}–{high})")


# what, measurement, persistence, processes, value of a row, whether more is better, goal against the best peer or absolute
SUM = lambda row: row["worker_cpu_ms_per_1k"] + row["db_cpu_ms_per_1k"]
PUSH = lambda row: row["cpu_ms_per_1k"] + row["db_cpu_ms_per_1k"]
ROWS = [
    ("drain, jobs/s", "drain", "none", 1, "per_s", True, ("ratio", 3)),
    ("drain, jobs/s, AOF everysec", "drain", "aof", 1, "per_s", True, ("ratio", 3)),
    ("drain, CPU µs a job, worker + server", "drain", "none", 1, SUM, False, ("ratio", 1 / 3)),
    ("the same, AOF everysec", "drain", "aof", 1, SUM, False, ("ratio", 1 / 3)),
    ("two worker processes, jobs/s", "drain", "none", 2, "per_s", True, None),
    ("bulk enqueue, jobs/s", "enqueue_bulk", "none", None, "per_s", True, ("ratio", 1.5)),
    ("bulk enqueue, CPU µs a job, client + server", "enqueue_bulk", "none", None, PUSH, False, ("ratio", 1)),
    ("single enqueue, one after the other, jobs/s", "enqueue_single", "none", None, "per_s", True, ("ratio", 1)),
    ("the same, CPU µs a job, client + server", "enqueue_single", "none", None, PUSH, False, None),
    ("idle latency p50, ms", "latency", "none", None, "p50_ms", False, ("value", 0.4)),
    ("idle latency p99, ms", "latency", "none", None, "p99_ms", False, ("value", 1.3)),
    ("bytes a waiting job", "mem_pending", "none", 1, "bytes_per_job", False, ("value", 450)),
    ("bytes a job, 2 s after the drain", "mem_done", "none", 1, "bytes_per_job", False, None),
    ("idle worker, CPU %", "idle", "none", None, "worker_cpu_pct", False, ("value", 0.3)),
    ("idle worker, commands a second", "idle", "none", None, "db_cmds_per_s", False, ("value", 10)),
]


def values_of(found, measure, persist, procs, key, config):
    get = key if callable(key) else lambda row: row[key]
    wanted = [v for (m, p, n, c), v in found.items() if (m, p, c) == (measure, persist, config) and procs in (None, n)]
    return [get(row) for rows in wanted for row in rows if key is not None]


def verdict(goal, more, ours, best):
    if goal is None:
        return ""
    kind, bound = goal
    value = ours if kind == "value" else ours / best if best else None
    if value is None:
        return ""
    met = value >= bound if more and kind == "ratio" else value <= bound
    return f"{'≥' if more and kind == 'ratio' else '≤'} {number(bound) if kind == 'value' else f'{bound:.2g} ×'}: {'met' if met else '**missed**'}"


def main(path):
    found = read(path)
    configs = list(dict.fromkeys(config for (*_, config) in found if "backlog" not in config and "many" not in config))
    peers = list(dict.fromkeys([OURS] + [config.split("-")[0] for config in configs]))
    print("| | " + " | ".join(NAMES.get(peer, peer) for peer in peers) + " | ours to the best | goal |")
    print("|---" * (len(peers) + 3) + "|")
    for what, measure, persist, procs, key, more, goal in ROWS:
        cells, medians = [], {}
        for peer in peers:
            values = [v for c in configs if c.split("-")[0] == peer for v in values_of(found, measure, persist, procs, key, c)]
            cells.append(spread(values) if values else "–")
            if values:
                medians[peer] = statistics.median(values)
        ours, others = medians.get(OURS), [v for peer, v in medians.items() if peer != OURS]
        best = (max if more else min)(others) if others else None
        ratio = f"{ours / best:.2g}" if ours is not None and best else ""
        print(f"| {what} | {' | '.join(cells)} | {ratio} | {verdict(goal, more, ours, best) if ours is not None else ''} |")
    alone = lambda what, measure, key, config: print_alone(found, what, measure, key, config)
    print()
    one, two = (values_of(found, "drain", "none", n, "per_s", "gotong-50") for n in (1, 2))
    if one and two:
        print(f"- two worker processes instead of one: × {statistics.median(two) / statistics.median(one):.2g}")
    alone("single enqueue, 50 under way, jobs/s", "enqueue_single", "per_s", "gotong-many")
    for key, what in (("first_rerun_s", "kill -9 with 10 jobs in flight: first re-run after, s"), ("lost_within", "lost")):
        alone(what, "crash", key, "gotong-10")
    alone("drain of 10,000, CPU µs a job", "drain", SUM, "gotong-backlog-10k")
    alone("drain of 1,000,000, CPU µs a job", "drain", SUM, "gotong-backlog-1m")
    alone("drain of 1,000,000, jobs/s", "drain", "per_s", "gotong-backlog-1m")


def print_alone(found, what, measure, key, config):
    values = [v for v in values_of(found, measure, "none", None, key, config) if v is not None]
    if values:
        print(f"- {what}: {spread(values)}")


main(sys.argv[1])
