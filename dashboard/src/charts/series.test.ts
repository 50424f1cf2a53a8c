import { expect, test } from "vitest";

import { filled } from "./series";

test("quiet steps are there, on the API's grid", () => {
  const step = { minute: "2026-01-02T03:15:00Z", ended: 4 };
  const series = { data: [step], from: "2026-01-02T02:50:00Z", to: "2026-01-02T03:31:00Z" } as unknown as Parameters<typeof filled>[0];
  const { times, steps } = filled(series, 15);
  expect(times.map((time) => new Date(time * 1000).toISOString().slice(11, 16))).toEqual(["02:45", "03:00", "03:15", "03:30"]);
  expect(steps.map((each) => each?.ended)).toEqual([undefined, undefined, 4, undefined]);
});
