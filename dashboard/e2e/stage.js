/** A day at a shop, so that every screen has something to show: jobs of all states, failures, schedules, photos. */

import { call, enqueue, jobWhen, webhook } from "./api.js";
import { apiKey, apiUrl } from "./browser.js";
import { png } from "./drawing.js";

const EVENTS = ["order.paid", "order.shipped", "user.signed_up", "invoice.sent", "stock.low"];

/** Fills the platform; the answer names jobs worth a closer look. The receiver has to outlive what is looked at. */
export async function stage(receiver) {
  const photos = await Promise.all([[800, 600], [600, 800], [1200, 500], [640, 640]].map((size, place) => photo(size, place)));
  const broken = await photo([640, 480], 4, 20_000);
  const event = (place) => EVENTS[place % EVENTS.length];
  const many = (count, path, job) =>
    Array.from({ length: count }, (_, place) =>
      webhook(receiver.url(path(place)), event(place), {
        job: job?.(place),
        data: { id: 48_210 + place, total: `${((place * 7_919) % 900) + 100}000 IDR`, customer: `C-${1_000 + place * 17}` },
      }),
    );
  await schedules(receiver);
  await enqueue(many(420, (place) => (place % 7 === 0 ? `slow/${40 + (place % 11) * 30}` : "ok")));
  const [refused] = await enqueue(many(18, () => "refuse", () => ({ max_attempts: 3, backoff_base_ms: 1, backoff_cap_ms: 400 })));
  await enqueue(many(9, () => "refuse", () => ({ max_attempts: 8, backoff_base_ms: 3_600_000, backoff_cap_ms: 3_600_000 })));
  const [gone] = await enqueue(many(6, () => "gone"));
  await enqueue(many(14, () => "ok", (place) => ({ run_at: new Date(Date.now() + (place + 1) * 1_700_000).toISOString() })));
  const [called] = await enqueue(many(3, () => "ok", () => ({ run_at: new Date(Date.now() + 7_200_000).toISOString() })));
  await call("POST", `jobs/${called}/cancel`);
  await jobWhen(refused, ({ finished }) => finished);
  await jobWhen(gone, ({ finished }) => finished);
  await jobWhen(broken.job_id, ({ finished }) => finished);
  await jobWhen(photos[3].job_id, ({ finished }) => finished);
  const [held] = await enqueue(many(3, () => "hold"));
  await jobWhen(held, ({ state }) => state === "running");
  return { done: photos[3].job_id, dead: refused, running: held, failedPhoto: broken.job_id };
}

async function photo([width, height], place, bytes) {
  const form = new FormData();
  const picture = png(width, height, place / 5);
  const name = bytes ? "cut-off.png" : `sunset-${place + 1}.png`;
  form.append("file", new Blob([picture.subarray(0, bytes ?? picture.length)], { type: "image/png" }), name);
  const headers = { authorization: `Bearer ${apiKey}` };
  const response = await fetch(`${apiUrl}/api/v1/media`, { method: "POST", headers, body: form });
  if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Some that fire every few seconds, so that their history is long within a minute. */
async function schedules(receiver) {
  const to = (path, event) => ({
    kind: "webhook.deliver",
    payload: { url: receiver.url(path), event, data: { day: "{{tick_date}}" } },
  });
  const zone = "Asia/Jakarta";
  const all = [
    { name: "morning-digest", timing: { cron: "0 7 * * 1-5", zone }, job: to("ok", "digest.due") },
    { name: "month-end-invoices", timing: { cron: "30 23 28-31 * *", zone }, job: to("ok", "invoices.due") },
    { name: "stock-count", timing: { every_s: 2 }, job: to("ok", "stock.count") },
    { name: "bank-statement", timing: { every_s: 4 }, job: to("gone", "bank.statement"), failure_limit: 3 },
    { name: "warehouse-sync", timing: { every_s: 3 }, job: to("slow/4000", "warehouse.sync"), overlap: "skip" },
    { name: "summer-sale", timing: { cron: "0 9 1 6 *", zone }, job: to("ok", "sale.begins"), enabled: false },
  ];
  const { data } = await call("GET", "schedules?per_page=100");
  const known = new Set(data.map(({ definition }) => definition.name));
  for (const schedule of all) if (!known.has(schedule.name)) await call("POST", "schedules", schedule);
}
