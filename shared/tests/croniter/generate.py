"""Writes corpus.tsv: what croniter answers for a fixed set of expressions, zones and starts.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python generate.py > corpus.tsv

A line is an expression, a zone, a start in seconds since 1970, and the next runs, each in seconds since the one before. The expressions are drawn from a
generator of its own (a linear congruence), so that every run writes the same file.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import croniter

RUNS = 8

# Each zone with starts shortly before changes of its clock, and one far from any.
ZONES = {
    "UTC": ["2026-02-27T12:00:30+00:00", "2027-12-31T00:00:00+00:00"],
    "Europe/Paris": ["2026-03-28T20:00:00+00:00", "2026-10-24T20:00:00+00:00", "2026-06-15T12:34:56+00:00"],
    "America/New_York": ["2026-03-08T00:00:00+00:00", "2026-11-01T00:00:00+00:00"],
    "America/Santiago": ["2026-04-04T12:00:00+00:00", "2026-09-05T12:00:00+00:00"],
    "Australia/Lord_Howe": ["2026-04-04T06:00:00+00:00", "2026-10-03T06:00:00+00:00"],
    "Pacific/Apia": ["2011-12-29T12:00:00+00:00", "2026-01-01T00:00:00+00:00"],
    "Asia/Jakarta": ["2026-03-28T20:00:00+00:00"],
    "Africa/Casablanca": ["2026-02-14T12:00:00+00:00", "2026-03-21T12:00:00+00:00"],
}

FIXED = [
    "* * * * *", "*/15 * * * *", "0 * * * *", "30 * * * *", "0 */6 * * *", "0 0 * * *", "30 2 * * *", "0 2 * * *",
    "15 1 * * *", "45 1 * * *", "0 3 * * *", "59 23 * * *", "30 0 * * *", "0 0 1 * *", "0 0 29 2 *", "0 0 31 * *",
    "0 0 * * 0", "0 0 * * 7", "0 0 * * sun", "0 9 * * 1-5", "0 0 13 * 5", "0 0 1,15 * 3", "0 0 * jan,jul *",
    "0 12 */2 * *", "10-20/5 8-10 * * *", "*/20 * * * * *", "30 */10 * * * *", "5,35 0 0 * * *", "0 30 2 * * *",
    "15 0 12 1 1 *",
]


def draw():
    """Numbers that look random and are always the same."""
    state = 20261121
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 33


def field(numbers, low, high):
    kind = next(numbers) % 6
    a = low + next(numbers) % (high - low + 1)
    b = low + next(numbers) % (high - low + 1)
    first, last = min(a, b), max(a, b)
    step = 1 + next(numbers) % max(1, (high - low) // 2)
    return {
        0: "*", 1: "*", 2: str(a), 3: f"{first}-{last}", 4: f"*/{step}", 5: ",".join(map(str, sorted({a, b}))),
    }[kind]


def expressions():
    yield from FIXED
    numbers = draw()
    for index in range(90):
        fields = [field(numbers, 0, 59), field(numbers, 0, 23), field(numbers, 1, 28), field(numbers, 1, 12),
                  field(numbers, 0, 6)]
        if index % 3 == 0:
            fields.insert(0, field(numbers, 0, 59))
        yield " ".join(fields)


def main():
    for expression in expressions():
        for zone, starts in ZONES.items():
            for start in starts:
                local = datetime.fromisoformat(start).astimezone(ZoneInfo(zone))
                runs = croniter(expression, local, ret_type=float, second_at_beginning=True)
                times = [int(local.timestamp())] + [int(runs.get_next()) for _ in range(RUNS)]
                steps = ",".join(str(later - earlier) for earlier, later in zip(times, times[1:]))
                print(expression, zone, times[0], steps, sep="\t")


main()
