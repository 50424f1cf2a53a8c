import { expect, test } from "vitest";

import { readHealth } from "./health";
import { cursorOf } from "./queries";
import { isPassing, problemOf, Refusal, Unreachable } from "./refusal";

const response = (status: number, headers?: Record<string, string>) => new Response(null, { status, headers: headers ?? {} });

test("a problem document is passed on; what something else answered becomes one", () => {
  const problem = { code: "too_large", detail: "The image is larger than 10 MB.", status: 413 };
  expect(problemOf(problem, response(413))).toBe(problem);
  for (const body of ["<html>Bad Gateway</html>", undefined, null, {}, { code: 1, detail: "x", status: 502 }]) {
    const made = problemOf(body, response(502, { "x-request-id": "r1" }));
    expect(made).toMatchObject({ status: 502, code: "unexpected", request_id: "r1" });
  }
});

test("asking again helps when nothing answers, and not against a refusal", () => {
  const refusal = (status: number) => new Refusal(problemOf(undefined, response(status)));
  expect(isPassing(new Unreachable("down"))).toBe(true);
  expect(isPassing(refusal(503))).toBe(true);
  expect(isPassing(refusal(404))).toBe(false);
  expect(isPassing(new Error("a defect"))).toBe(false);
});

test("a health report is read, and only a health report", () => {
  const checks = { database: { status: "down", latency_ms: 1900, error: "no" }, mail: { status: "disabled" }, redis: { status: "?" } };
  expect(readHealth({ status: "down", version: "1.2.3", uptime_seconds: 7, checks })).toEqual({
    version: "1.2.3",
    uptimeSeconds: 7,
    checks: { database: { status: "down", latencyMs: 1900 }, mail: { status: "disabled", latencyMs: undefined } },
  });
  for (const body of [undefined, "up", [], { checks: [] }]) expect(readHealth(body)).toBeUndefined();
});

test("a cursor is taken from a page's link, as it was", () => {
  expect(cursorOf("/api/v1/media?per_page=20&state=failed&cursor=YQ-_")).toBe("YQ-_");
  expect(cursorOf("/api/v1/media?per_page=20")).toBeUndefined();
  expect(cursorOf(undefined)).toBeUndefined();
});
