import { expect, test } from "vitest";

import { asked, isFiltered, readJobFilter } from "./jobFilter";

test("an address that says nonsense asks for everything", () => {
  const search = { state: "done,,x", span: "toString", from: "yesterday", kind: " ", cursor: "", other: "1" };
  expect(readJobFilter(search)).toEqual({});
  expect(asked({})).toEqual({});
  expect(isFiltered({ cursor: "abc" })).toBe(false);
});

test("a filter is asked as it was shared", () => {
  const filter = readJobFilter({
    state: "running,dead",
    kind: "webhook.deliver,thumbnail.generate",
    queue: "webhooks",
    error: "1234567890123456",
    payload: "event:order.paid",
    from: "2026-01-02T03:04:05Z",
    before: "2026-01-03T00:00:00+07:00",
  });
  expect(asked(filter)).toEqual({
    state: ["running", "dead"],
    kind: ["webhook.deliver", "thumbnail.generate"],
    queue: "webhooks",
    error_fingerprint: "1234567890123456",
    payload: ["event:order.paid"],
    created_from: "2026-01-02T03:04:05.000Z",
    created_before: "2026-01-02T17:00:00.000Z",
  });
  expect(isFiltered(filter)).toBe(true);
});

test("a span moves with the clock, and outweighs moments", () => {
  const filter = readJobFilter({ span: "1h", from: "2020-01-01T00:00:00Z" });
  expect(filter).toEqual({ span: "1h" });
  expect(asked(filter, Date.parse("2026-01-02T03:00:00Z"))).toEqual({ created_from: "2026-01-02T02:00:00.000Z" });
});
