/** Pictures of every screen, by width, in light and dark, into the folder named or e2e/screenshots. */

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { launch, open, place, signIn } from "./browser.js";
import { png } from "./drawing.js";

const folder = process.argv[2] ?? fileURLToPath(new URL("screenshots", import.meta.url));
const WIDTHS = [390, 1280, 1920];

const browser = await launch();
await mkdir(folder, { recursive: true });
const { jobs } = await prepare();
for (const width of WIDTHS) {
  for (const colorScheme of ["light", "dark"]) {
    const locale = colorScheme === "dark" ? "id-ID" : "en-GB";
    const { page, context } = await open(browser, { colorScheme, locale, viewport: { width, height: 900 } });
    const shoot = async (name) => {
      await page.evaluate(() => document.activeElement?.blur());
      await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true, animations: "disabled" });
    };
    await shoot("sign-in");
    await signIn(page);
    await page.locator(".checks").waitFor();
    for (const [name, path] of [["overview", ""], ["media", "media"], ["job", jobs[0]], ["failed-job", jobs[1]]]) {
      await page.goto(place(path));
      await page.locator(".row, .facts").first().waitFor();
      await page.waitForLoadState("networkidle");
      await shoot(name);
    }
    await context.close();
  }
}
await browser.close();

/** Something to see: photos, a broken one; the addresses of a job that succeeded and of one that failed. */
async function prepare() {
  const { page, context } = await open(browser);
  await signIn(page);
  await page.locator(".checks").waitFor();
  await page.goto(place("media"));
  const shapes = [[800, 600], [600, 800], [1200, 500], [640, 640]];
  const photos = shapes.map(([width, height], place) => ({
    name: `sunset-${place + 1}.png`,
    mimeType: "image/png",
    buffer: png(width, height, place / shapes.length),
  }));
  const cut = { name: "cut-off.png", mimeType: "image/png", buffer: png(640, 480).subarray(0, 20_000) };
  await page.locator("input[type=file]").setInputFiles([cut, ...photos]);
  const job = async (name, word) => {
    const row = page.locator(".row", { hasText: name }).filter({ has: page.getByText(word, { exact: true }) }).first();
    const href = await row.getByRole("link").first().getAttribute("href");
    return href.slice(href.indexOf("jobs/"));
  };
  const jobs = [await job("sunset-4.png", "Ready"), await job("cut-off.png", "Failed")];
  await context.close();
  return { jobs };
}
