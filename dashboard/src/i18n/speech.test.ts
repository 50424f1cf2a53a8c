import { expect, test } from "vitest";

import { en } from "./en";
import { formatFor } from "./format";
import { id } from "./id";
import { preferred } from "./languages";

/** Every sentence with its place, functions called with a mark in each parameter. */
function sentences(messages: object, path = ""): [string, string][] {
  return Object.entries(messages).flatMap(([name, value]): [string, string][] => {
    const here = `${path}/${name}`;
    if (typeof value === "function") return [[here, String((value as (...marks: string[]) => string)("«1»", "«2»"))]];
    return typeof value === "string" ? [[here, value]] : sentences(value as object, here);
  });
}

test("both languages say everything, and neither leaves out what is filled in", () => {
  const other = new Map(sentences(id));
  const english = sentences(en);
  expect([...other.keys()]).toEqual(english.map(([place]) => place));
  for (const [place, text] of english) {
    const marks = (words: string | undefined) => words?.match(/«\d»/g)?.sort() ?? [];
    expect(other.get(place)?.trim(), place).toBeTruthy();
    expect(marks(other.get(place)), place).toEqual(marks(text));
  }
});

test("the browser's first language that the page has is taken", () => {
  expect(preferred(["fr-FR", "id-ID", "en"])).toBe("id");
  expect(preferred(["toString", "fr"])).toBe("en");
  expect(preferred([])).toBe("en");
});

test("sizes, spans and moments are written in the reader's way", () => {
  const now = Date.parse("2026-01-02T03:04:05Z");
  const english = formatFor("en");
  const indonesian = formatFor("id");
  expect([0, 999, 1_500, 9_960_000, 50_000_000].map(english.bytes)).toEqual(["0 byte", "999 byte", "1.5 kB", "10 MB", "50 MB"]);
  expect(indonesian.bytes(1_500)).toBe("1,5 kB");
  expect([12, 1_500, 90_000, 36_000_000].map(english.duration)).toEqual(["12 ms", "1.5 seconds", "1.5 minutes", "10 hours"]);
  expect([12, 1_520, 90_000, 36_000_000].map(indonesian.time)).toEqual(["12 ms", "1,5 dtk", "1,5 mnt", "10 jam"]);
  expect(english.ago("2026-01-02T03:02:00Z", now)).toBe("2 minutes ago");
  expect(indonesian.ago("2026-01-01T03:04:05Z", now)).toBe("kemarin");
});
