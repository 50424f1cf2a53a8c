/** The live view: it follows, rests while nobody looks, resumes where it was, and comes back by itself. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { enqueue, webhook } from "./api.js";
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

const live = (page, word) => page.locator(".live", { hasText: word });

/** What a browser does when its tab goes out of sight, and comes back. */
const setHidden = (page, isHidden) =>
  page.evaluate((isHidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);

const isStream = (request) => new URL(request.url()).pathname === "/api/v1/events";

for (const [language, words] of Object.entries(WORDS)) {
  test(`${language}: the stream rests with a hidden tab, and resumes after its last event`, async () => {
    const { page, context, complaints } = await open(browser, { locale: words.locale });
    await signIn(page);
    await live(page, words.live.live).waitFor();
    await page.goto(place("queues"));
    await live(page, words.live.live).waitFor();
    // What is held is counted as running, live.
    const queue = page.getByRole("listitem", { name: "webhooks", exact: true });
    await enqueue([webhook(receiver.url("hold"), "live.held")]);
    await queue.locator(".figures dd").nth(1).filter({ hasText: /^[1-9]/ }).waitFor();

    await setHidden(page, true);
    await live(page, words.live.resting).waitFor();
    const resumed = page.waitForRequest(isStream);
    await setHidden(page, false);
    assert.match((await (await resumed).allHeaders())["last-event-id"] ?? "", /^\S+$/);
    await live(page, words.live.live).waitFor();
    receiver.release();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test(`${language}: an API that is cut off is told, and comes back by itself`, async () => {
    const { page, context } = await open(browser, { locale: words.locale });
    await signIn(page);
    await live(page, words.live.live).waitFor();
    await context.route(/\/(api|health)/, (route) => route.abort());
    // The open stream is cut as well.
    await setHidden(page, true);
    await setHidden(page, false);
    await live(page, words.live.down).waitFor();
    await page.locator(".strip").waitFor();
    await context.unroute(/\/(api|health)/);
    await live(page, words.live.live).waitFor();
    await page.locator(".strip").waitFor({ state: "detached" });
    await context.close();
  });

  test(`${language}: a Redis that is down is told, and its return is noticed`, async () => {
    const { page, context, complaints } = await open(browser, { locale: words.locale });
    await signIn(page);
    await live(page, words.live.live).waitFor();
    await context.route(/\/health$/, async (route) => {
      const response = await route.fetch();
      const report = await response.json();
      report.checks.redis = { status: "down", error: "no answer" };
      await route.fulfill({ response, json: { ...report, status: "down" } });
    });
    await page.locator(".strip", { hasText: "Redis" }).waitFor();
    await context.unroute(/\/health$/);
    await page.locator(".strip").waitFor({ state: "detached" });
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
