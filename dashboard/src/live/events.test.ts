import { expect, test } from "vitest";

import { eventReader } from "./events";

test("events come whole, however the stream is cut", () => {
  const text = ': here\n\nevent: job\nid: 7\ndata: {"a":\ndata: 1}\n\nid: 8\r\ndata:x\r\n\r\ndata: never ended';
  for (let cut = 0; cut <= text.length; cut++) {
    const read = eventReader();
    const events = [...read(text.slice(0, cut)), ...read(text.slice(cut))];
    expect(events).toEqual([
      { name: "job", id: "7", data: '{"a":\n1}' },
      { name: "message", id: "8", data: "x" },
    ]);
  }
});
