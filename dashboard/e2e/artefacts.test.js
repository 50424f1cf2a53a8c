/** What a job has made, on its page, in both languages. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, jobWhen } from "./api.js";
import { barriers } from "./axe.js";
import { launch, open, place, signIn } from "./browser.js";
import { WORDS } from "./words.js";

let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

for (const [language, words] of Object.entries(WORDS)) {
  test(`${language}: a report can be opened from the page of its job`, async () => {
    const title = `Report ${language}`;
    const request = { data_set: "jobs", period: "last_24_hours", format: "csv", row_limit: 1, title };
    const first = await call("POST", "reports", request);
    await jobWhen(first.id, ({ state }) => state === "completed");
    // By now there are two jobs, and one row is all it may have.
    const second = await call("POST", "reports", request);
    await jobWhen(second.id, ({ state }) => state === "completed");
    const report = await call("GET", `reports/${second.id}`);
    assert.equal(report.truncated, true);

    const { page, context, complaints } = await open(browser, { locale: words.locale });
    await signIn(page);
    await page.locator("nav.places").waitFor();
    await page.goto(place(`jobs/${second.id}`));
    const region = page.getByRole("region", { name: words.artefacts.report });
    await region.getByText(words.artefacts.ready, { exact: true }).waitFor();
    await region.getByText(report.notices[0]).waitFor();
    const link = region.getByRole("link", { name: report.filename });
    const answer = await page.evaluate(async (url) => {
      const response = await fetch(url);
      return [response.status, (await response.text()).split("\r\n").length];
    }, await link.getAttribute("href"));
    assert.deepEqual(answer, [200, 3], "a head, a row, an end");
    assert.deepEqual(await barriers(page), []);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
