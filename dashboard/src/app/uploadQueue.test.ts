import { expect, test } from "vitest";

import { CONCURRENT, initial, reduce, sendable, type Step, type UploadQueue } from "./uploadQueue";

const file = (name: string) => new File(["x"], name);
const after = (steps: Step[], from: UploadQueue = initial) => steps.reduce(reduce, from);
const added = (...keys: string[]): Step => ({
  type: "added",
  uploads: keys.map((key) => ({ key, file: file(`${key}.png`), state: "waiting" })),
});

test("a few files are sent at a time, in their order, and each end lets the next begin", () => {
  const keys = ["a", "b", "c", "d", "e"];
  let queue = after([added(...keys)]);
  expect(sendable(queue).map(({ key }) => key)).toEqual(keys.slice(0, CONCURRENT));
  queue = after(keys.slice(0, CONCURRENT).map((key) => ({ type: "started", key })), queue);
  expect(sendable(queue)).toEqual([]);
  queue = after([{ type: "accepted", key: "b" }], queue);
  expect(queue.accepted).toBe("b.png");
  expect(sendable(queue).map(({ key }) => key)).toEqual(["d"]);
  queue = after([{ type: "refused", key: "a", reason: "no" }], queue);
  expect(sendable(queue).map(({ key }) => key)).toEqual(["d", "e"]);
});

test("a refused file is sent again under its first key, so that it cannot be there twice", () => {
  const refused = after([added("a"), { type: "started", key: "a" }, { type: "refused", key: "a", reason: "no" }]);
  expect(refused.items).toMatchObject([{ key: "a", state: "refused", reason: "no" }]);
  expect(sendable(refused)).toEqual([]);
  const again = after([{ type: "retried", key: "a" }], refused);
  expect(sendable(again).map(({ key }) => key)).toEqual(["a"]);
  expect(again.items[0]).not.toHaveProperty("reason");
});

test("an answer that comes after signing out changes nothing", () => {
  const queue = after([added("a"), { type: "started", key: "a" }, { type: "forgotten" }, { type: "refused", key: "a", reason: 1 }]);
  expect(queue).toEqual(initial);
});
