import { expect, test } from "vitest";

import { curlFor } from "./curl";
import { jobIdIn, keyMistake } from "./typed";

test("a key is told from what cannot be one", () => {
  expect(keyMistake(`gtg_${"0f".repeat(32)}`)).toBeUndefined();
  expect(keyMistake("")).toBe("missing");
  for (const wrong of ["gtg_", "0f".repeat(32), `gtg_${"0F".repeat(32)}`, `gtg_${"0f".repeat(32)}0`]) {
    expect(keyMistake(wrong), wrong).toBe("shape");
  }
});

test("a job is found by its id and by an address that ends in one", () => {
  const id = "01a1fe10-b197-73e4-9d05-7c6506d21d33";
  for (const text of [id, ` ${id.toUpperCase()} `, `/api/v1/jobs/${id}`, `http://127.0.0.1:8080/dashboard/jobs/${id}/`]) {
    expect(jobIdIn(text), text).toBe(id);
  }
  for (const text of ["", "42", id.slice(1), `${id}0`, `${id}/attempts`]) expect(jobIdIn(text), text).toBeUndefined();
});

test("a copied line holds no key", () => {
  expect(curlFor("http://h", "1")).toBe('curl -H "Authorization: Bearer $GOTONG_API_KEY" http://h/api/v1/jobs/1');
});
