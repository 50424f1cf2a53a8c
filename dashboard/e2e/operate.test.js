/** What operators do on each screen, in each language, as somebody who may change things. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, enqueue, jobWhen, listed, webhook } from "./api.js";
import { launch, open, place, signIn } from "./browser.js";
import { startReceiver } from "./receiver.js";
import { WORDS } from "./words.js";

let browser;
let receiver;
before(async () => {
  [browser, receiver] = await Promise.all([launch(), startReceiver()]);
});
after(async () => {
  await browser?.close();
  receiver?.stop();
});

/** Names apart what tests that run side by side look for. */
const named = (what) => `${what}.${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;

const soon = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString();

/** A signed-in page at a place, closed after `use`; nothing may have gone wrong on it. */
async function at(path, words, use, options = {}) {
  const { page, context, complaints } = await open(browser, { locale: words.locale, ...options });
  await signIn(page);
  await page.locator("nav.places").waitFor();
  await page.goto(place(path));
  await page.locator("h1").waitFor();
  await use(page, context);
  assert.deepEqual(complaints, []);
  await context.close();
}

for (const [language, words] of Object.entries(WORDS)) {
  test(`${language}: a queue is paused and resumed`, () =>
    at("queues", words, async (page) => {
      // Nothing else waits for this one.
      const name = "maintenance";
      const queue = page.getByRole("listitem", { name, exact: true });
      await queue.getByRole("img").waitFor();
      await page.getByRole("button", { name: words.queues.pause(name) }).click();
      await page.getByRole("dialog").getByRole("button", { name: words.queues.confirm, exact: true }).click();
      await page.getByText(words.queues.paused(name)).waitFor();
      assert.equal((await call("GET", `queues/${name}`)).paused, true);
      await page.getByRole("button", { name: words.queues.resume(name) }).click();
      await page.getByText(words.queues.resumed(name)).waitFor();
      assert.equal((await call("GET", `queues/${name}`)).paused, false);
    }));

  test(`${language}: jobs are found by an address, paged, selected, cancelled and deleted together`, async () => {
    const event = named("bulk");
    const count = 120;
    await enqueue(Array.from({ length: count }, () => webhook(receiver.url("ok"), event, { job: { run_at: soon(2) } })));
    await at(`jobs?payload=event:${event}&state=scheduled`, words, async (page) => {
      const rows = page.locator("tbody tr");
      await rows.nth(49).waitFor();
      const first = await rows.first().getByRole("link").getAttribute("href");
      await page.getByRole("link", { name: words.jobs.older }).click();
      await page.waitForURL(/cursor=/);
      await page.locator(`tbody a[href="${first}"]`).waitFor({ state: "detached" });
      await page.getByRole("link", { name: words.jobs.newer }).click();
      await page.locator(`tbody a[href="${first}"]`).waitFor();

      await page.getByRole("checkbox", { name: words.jobs.selectAll }).check();
      await page.getByText(words.jobs.selected(50)).waitFor();
      await page.getByRole("button", { name: words.jobs.matching }).click();
      await page.getByText(words.jobs.selected(count)).waitFor();
      await page.getByRole("button", { name: words.jobs.cancel }).click();
      await page.getByRole("dialog", { name: words.jobs.askCancel(count) }).waitFor();
      await page.getByRole("button", { name: words.jobs.confirmCancel(count), exact: true }).click();
      await page.getByText(words.jobs.cancelled(count)).waitFor();

      // Each end reaches the list when it is recorded.
      await listed(`payload=event:${event}&state=cancelled`, count);
      await page.goto(place(`jobs?payload=event:${event}&state=cancelled`));
      await page.getByText(words.jobs.cancelledState).nth(50).waitFor();
      await rows.nth(49).waitFor();
      await page.getByRole("checkbox", { name: words.jobs.selectAll }).check();
      await page.getByRole("button", { name: words.jobs.matching }).click();
      await page.getByText(words.jobs.selected(count)).waitFor();
      await page.getByRole("button", { name: words.jobs.delete }).click();
      await page.getByRole("dialog", { name: words.jobs.askDelete(count) }).waitFor();
      await page.getByRole("button", { name: words.jobs.confirmDelete(count), exact: true }).click();
      await page.getByText(words.jobs.deleted(count)).waitFor();
      await page.getByText(words.jobs.noMatch).waitFor();
    });
  });

  test(`${language}: a list follows what happens, and stands still when it is paused`, async () => {
    const event = named("live");
    await at(`jobs?payload=event:${event}`, words, async (page) => {
      await page.getByText(words.jobs.noMatch).waitFor();
      await enqueue([webhook(receiver.url("ok"), event)]);
      await page.locator("tbody tr").waitFor();
      await page.getByRole("button", { name: words.jobs.pauseLive }).click();
      await enqueue([webhook(receiver.url("ok"), event)]);
      const asked = [];
      page.on("request", (request) => asked.push(new URL(request.url()).pathname));
      // The live queues beside it are asked on; the list is not.
      await page.waitForRequest(/\/api\/v1\/queues/);
      await page.waitForRequest(/\/api\/v1\/queues/);
      assert.ok(!asked.includes("/api/v1/jobs"), asked.join());
      assert.equal(await page.locator("tbody tr").count(), 1);
      await page.getByRole("button", { name: words.jobs.resumeLive }).click();
      await page.locator("tbody tr").nth(1).waitFor();
    });
  });

  test(`${language}: a job tells what happened to it, and is retried, cancelled, deleted and copied`, async () => {
    const [dead] = await enqueue([webhook(receiver.url("gone"), named("dead"))]);
    const [waiting] = await enqueue([webhook(receiver.url("ok"), named("waiting"), { job: { run_at: soon(3) } })]);
    await jobWhen(dead, ({ state }) => state === "dead");
    const permissions = ["clipboard-read", "clipboard-write"];
    const use = async (page) => {
      const press = async (name) => {
        await page.getByRole("button", { name, exact: true }).click();
        await page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
      };
      await page.getByText(words.job.dead).waitFor();
      await page.getByRole("region", { name: words.job.history }).getByText("the receiver wants no more events").waitFor();
      await page.getByRole("button", { name: words.job.curl }).click();
      await page.getByRole("button", { name: words.job.copied }).waitFor();
      assert.match(await page.evaluate(() => navigator.clipboard.readText()), new RegExp(`^curl .*/api/v1/jobs/${dead}$`));

      await press(words.job.retry);
      await page.getByText(words.job.round).waitFor();
      assert.equal((await call("GET", `jobs/${dead}`)).generation, 2);
      await page.goto(place(`jobs/${waiting}`));
      await press(words.job.cancel);
      // The stream tells it; nothing here asks again.
      await page.getByText(words.job.called).waitFor();
      await press(words.job.delete);
      await page.getByRole("heading", { name: words.jobs.title, level: 1 }).waitFor();
      await assert.rejects(call("GET", `jobs/${waiting}`), /404/);
    };
    await at(`jobs/${dead}`, words, use, { permissions });
  });

  test(`${language}: jobs that failed alike are retried together`, async () => {
    const options = { job: { max_attempts: 1 } };
    const ids = await enqueue([1, 2, 3].map(() => webhook(receiver.url("refuse"), named("refused"), options)));
    for (const id of ids) await jobWhen(id, ({ state }) => state === "dead");
    await at("failures", words, async (page) => {
      await page.getByRole("button", { name: words.failures.retry }).click();
      await page.getByRole("dialog", { name: words.failures.ask }).waitFor();
      await page.getByRole("dialog").getByRole("button", { name: words.failures.confirm }).click();
      await page.getByText(words.failures.done).waitFor();
      for (const id of ids) assert.equal((await call("GET", `jobs/${id}`)).generation, 2);
      await page.getByRole("link", { name: words.failures.jobs }).click();
      await page.waitForURL(/error=[0-9a-f]{16}/);
      await page.locator("tbody tr").nth(2).waitFor();
    });
  });

  test(`${language}: a schedule tells when it fires, runs at once, and is paused`, async () => {
    const name = named("hourly");
    const job = { kind: "webhook.deliver", payload: { url: receiver.url("ok"), event: name, data: {} } };
    await call("POST", "schedules", { name, timing: { every_s: 3_600 }, job });
    await at("schedules", words, async (page) => {
      const schedule = page.getByRole("listitem", { name, exact: true });
      await schedule.getByText(words.schedules.sentence).waitFor();
      await page.getByRole("button", { name: words.schedules.runNow(name) }).click();
      await schedule.getByText(words.schedules.ran(name)).waitFor();
      await schedule.getByRole("list", { name: words.schedules.marks(name) }).locator("li").waitFor();
      await page.getByRole("button", { name: words.schedules.pause(name) }).click();
      await schedule.getByText(words.schedules.paused, { exact: true }).waitFor();
      await page.getByRole("button", { name: words.schedules.resume(name) }).click();
      await schedule.getByText(words.schedules.paused, { exact: true }).waitFor({ state: "detached" });
      await schedule.getByRole("link", { name, exact: true }).click();
      await page.getByRole("region", { name: words.schedules.upcoming }).getByRole("listitem").nth(19).waitFor();
      await page.locator("tbody tr").waitFor();
      await page.locator("tbody").getByRole("link").click();
      await page.getByRole("heading", { name: "webhook.deliver" }).waitFor();
    });
  });

  test(`${language}: the overview tells what failed, and leads there`, async () => {
    const [id] = await enqueue([webhook(receiver.url("gone"), named("overview"))]);
    await jobWhen(id, ({ state }) => state === "dead");
    await at("", words, async (page) => {
      await page.getByText(words.overview.rate).first().waitFor();
      await page.getByRole("region", { name: words.overview.throughput }).locator("canvas").waitFor();
      await page.getByRole("button", { name: words.overview.day }).click();
      await page.getByRole("link", { name: "webhook.deliver", exact: true }).waitFor();
      await page.getByText(words.overview.dead).first().waitFor();
      await page.getByRole("link", { name: words.overview.look("webhook.deliver") }).click();
      await page.waitForURL(/failures\?kind=webhook\.deliver/);
    });
  });

  test(`${language}: the keyboard leads everywhere`, async () => {
    const [id] = await enqueue([webhook(receiver.url("ok"), named("keys"), { job: { run_at: soon(1) } })]);
    await at("", words, async (page) => {
      await page.keyboard.press("/");
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), words.keys.find);
      await page.keyboard.type(id);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "webhook.deliver" }).waitFor();
      await page.keyboard.press("Escape");
      for (const [key, title] of [
        ["q", words.queues.title],
        ["f", words.failures.title],
        ["s", words.schedules.title],
        ["w", words.workers.title],
        ["m", "Media"],
        ["o", words.overview.title],
        ["j", words.jobs.title],
      ]) {
        await page.keyboard.press("g");
        await page.keyboard.press(key);
        await page.getByRole("heading", { name: title, level: 1, exact: true }).waitFor();
      }
      await page.keyboard.press("l");
      await page.getByRole("button", { name: words.jobs.resumeLive }).waitFor();
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: words.keys.title }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    });
  });
}

test("a worker is drained, when there is another", async (context) => {
  const working = async () => (await call("GET", "workers")).data.filter(({ draining }) => !draining);
  // The last one is what other tests wait for.
  if ((await working()).length < 2) return context.skip("it needs a second worker: cargo xtask up --workers 2");
  await at("workers", WORDS.en, async (page) => {
    const before = (await working()).length;
    // One that an earlier run has drained cannot be drained again.
    const drain = page.locator("main button:enabled").filter({ hasText: WORDS.en.workers.confirm }).first();
    await drain.click();
    await page.keyboard.press("Escape");
    assert.equal((await working()).length, before, "only asked");
    await drain.click();
    await page.getByRole("dialog").getByRole("button", { name: WORDS.en.workers.confirm, exact: true }).click();
    await page.getByText(WORDS.en.workers.done).waitFor();
    await page.getByText(WORDS.en.workers.draining).first().waitFor();
    assert.equal((await working()).length, before - 1);
  });
});
