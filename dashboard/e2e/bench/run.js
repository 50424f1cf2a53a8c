/**
 * What the page costs its reader while the platform works: `node e2e/bench/run.js RATE MINUTES ROUNDS` against a
 * platform whose ledger is filled. Prints a table, and fails when a goal is missed.
 */

import { call } from "../api.js";
import { launch } from "../browser.js";
import { measureLists } from "./lists.js";
import { startLoad } from "./load.js";
import { growth, watchMemory } from "./memory.js";

const [rate, minutes, rounds] = process.argv.slice(2).map(Number);
/** First rows of any list, p95. */
const GOAL_MS = 300;
/** A tab that grows by less than this, or by a twentieth, is flat. */
const FLAT_BYTES = 1_500_000;

const percentile = (times, share) => [...times].sort((a, b) => a - b)[Math.ceil(times.length * share) - 1];
const tell = (name, ...values) => console.log(`${name.padEnd(36)}${values.map((value) => value.padStart(14)).join("")}`);
const mb = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

const browser = await launch();
const load = await startLoad(rate);
let isGood = true;

tell("first rows of", "p50", "p95", "most");
const all = [];
for (const [name, times] of Object.entries(await measureLists(browser, rounds))) {
  const p95 = percentile(times, 0.95);
  isGood &&= p95 < GOAL_MS;
  all.push(...times);
  tell(name, ...[percentile(times, 0.5), p95, Math.max(...times)].map((ms) => `${ms.toFixed(0)} ms`));
}
tell(`all (goal: each p95 under ${GOAL_MS})`, ...[0.5, 0.95, 1].map((share) => `${percentile(all, share).toFixed(0)} ms`));

tell(`\na tab over ${minutes} minutes`, "first quarter", "last quarter", "grown by");
for (const [name, samples] of Object.entries(await watchMemory(browser, minutes))) {
  const { first, last } = growth(samples, ({ bytes }) => bytes);
  isGood &&= last - first < Math.max(FLAT_BYTES, first / 20);
  tell(`${name}, live JavaScript`, mb(first), mb(last), mb(last - first));
  for (const part of ["nodes", "listeners"]) {
    const { first, last } = growth(samples, (sample) => sample[part]);
    tell(`${name}, ${part}`, first.toFixed(0), last.toFixed(0), (last - first).toFixed(0));
  }
}

const { accepted, seconds } = await load.stop();
const { backlog, last_hour: hour } = await call("GET", "stats");
tell("\nload", `${accepted} jobs`, `${(accepted / seconds).toFixed(0)} a second`);
tell("ended within the last hour", String(hour.ended), `${backlog?.ready ?? "?"} wait`);
await browser.close();
process.exitCode = isGood ? 0 : 1;
