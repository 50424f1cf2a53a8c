/** Every screen in each language and role: open to everybody, on every width, without a word from the console. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, enqueue, jobWhen, webhook } from "./api.js";
import { barriers } from "./axe.js";
import { apiKey, launch, open, place, signIn, viewerKey } from "./browser.js";
import { startReceiver } from "./receiver.js";
import { WORDS } from "./words.js";

const WIDTHS = [360, 1280, 3840];

let browser;
let receiver;
let screens;
before(async () => {
  [browser, receiver] = await Promise.all([launch(), startReceiver()]);
  const [dead] = await enqueue([webhook(receiver.url("gone"), "screens.dead")]);
  await enqueue([1, 2, 3].map(() => webhook(receiver.url("ok"), "screens.ok")));
  const { data } = await call("GET", "schedules?per_page=1");
  await jobWhen(dead, ({ state }) => state === "dead");
  screens = ["", "queues", "jobs", `jobs/${dead}`, "jobs?state=snoozed", "failures", "schedules", "workers", "media"];
  // The platform's own schedules are shown to administrators alone.
  screens.push({ admin: `schedules/${data[0].id}` });
});
after(async () => {
  await browser?.close();
  receiver?.stop();
});

for (const [language, words] of Object.entries(WORDS)) {
  for (const role of ["admin", "viewer"]) {
    test(`${language}, ${role}: every screen is open to everybody`, async () => {
      const colorScheme = language === "en" ? "light" : "dark";
      const { page, context, complaints } = await open(browser, { locale: words.locale, colorScheme });
      await signIn(page, role === "admin" ? apiKey : viewerKey());
      await page.locator("nav.places").waitFor();
      for (const screen of screens) {
        const path = typeof screen === "string" ? screen : screen[role];
        if (path === undefined) continue;
        await page.goto(place(path));
        await page.locator("main :is(.table, .panel, .empty, .history, .rows)").first().waitFor();
        assert.deepEqual(await barriers(page), [], `/${path}`);
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 });
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `/${path} is ${overflow} pixels wider than ${width}`);
        }
        if (role === "viewer") {
          const acts = page.locator("main button", { hasText: /Pause$|Retry|Drain|Run now|Delete|Jeda$|Ulangi|Kuras|Jalankan|Hapus/ });
          assert.deepEqual(await acts.allTextContents(), [], `/${path} offers a viewer what would be refused`);
        }
      }
      if (role === "viewer") {
        await page.setViewportSize({ width: 1280, height: 900 });
        await page.getByText(words.role).waitFor();
      }
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }
}

test("what the page does not offer a viewer, the API refuses", async () => {
  const { page, context } = await open(browser);
  await signIn(page, viewerKey());
  await page.locator("nav.places").waitFor();
  const status = await page.evaluate(async () => {
    const headers = { "content-type": "application/json", "if-match": "*", "x-gotong-csrf": "1" };
    const body = JSON.stringify({ paused: true });
    return (await fetch("/api/v1/queues/maintenance", { method: "PATCH", headers, body })).status;
  });
  assert.equal(status, 403);
  await context.close();
});
