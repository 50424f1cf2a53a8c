/** Pictures of every screen, by width, in light (English) and dark (Indonesian), into the folder named or e2e/screenshots. */

import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { call } from "./api.js";
import { launch, open, place, signIn } from "./browser.js";
import { startReceiver } from "./receiver.js";
import { stage } from "./stage.js";

const folder = process.argv[2] ?? fileURLToPath(new URL("screenshots", import.meta.url));
/** Widths, and how much of a long screen is shown. */
const SIZES = [[390, 1700], [1280, 1500], [1920, 1600]];
const SCHEMES = { light: "en-GB", dark: "id-ID" };
const QUALITY = 0.82;

const receiver = await startReceiver();
const browser = await launch();
const jobs = await stage(receiver);
const { data: schedules } = await call("GET", "schedules?per_page=100");
const sync = schedules.find(({ definition }) => definition.name === "warehouse-sync");
const screens = {
  overview: "",
  queues: "queues",
  jobs: "jobs",
  job: `jobs/${jobs.dead}`,
  "job-photo": `jobs/${jobs.done}`,
  failures: "failures",
  schedules: "schedules",
  schedule: `schedules/${sync.id}`,
  workers: "workers",
  media: "media",
};

await mkdir(folder, { recursive: true });
for (const old of await readdir(folder)) if (old.endsWith(".webp")) await rm(`${folder}/${old}`);
const { page: press } = await open(browser);
for (const [width, tallest] of SIZES) {
  for (const [colorScheme, locale] of Object.entries(SCHEMES)) {
    const { page, context } = await open(browser, { colorScheme, locale, viewport: { width, height: width < 500 ? 844 : 900 } });
    const shoot = async (name) => {
      const height = await page.evaluate(() => {
        document.activeElement?.blur();
        return document.documentElement.scrollHeight;
      });
      const clip = { x: 0, y: 0, width, height: Math.min(height, tallest) };
      const png = await page.screenshot({ fullPage: true, clip, animations: "disabled" });
      await writeFile(`${folder}/${name}-${width}-${colorScheme}.webp`, await webp(png));
    };
    await page.locator("#secret").waitFor();
    await shoot("sign-in");
    await signIn(page);
    await page.locator("nav.places").waitFor();
    for (const [name, path] of Object.entries(screens)) {
      await page.goto(place(path));
      await page.locator("main :is(.table, .panel, .history, .rows)").first().waitFor();
      await page.locator(".live.live").waitFor();
      await page.waitForFunction(() => !document.querySelector(".loading, .schedule-history:empty"));
      if (name === "overview") await page.locator("canvas").nth(1).waitFor();
      await page.evaluate(() => {
        // One that is out of sight would never be fetched, and never decoded.
        for (const image of document.images) image.loading = "eager";
        return Promise.all([...document.images].map((image) => image.decode().catch(() => undefined)));
      });
      await shoot(name);
    }
    await context.close();
  }
}
await browser.close();
receiver.stop();

/** The same picture, a fraction of the size: the browser knows the format. */
async function webp(png) {
  const text = await press.evaluate(
    async ([png, quality]) => {
      const picture = await createImageBitmap(new Blob([Uint8Array.from(atob(png), (c) => c.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(picture.width, picture.height);
      canvas.getContext("2d").drawImage(picture, 0, 0);
      const blob = await canvas.convertToBlob({ type: "image/webp", quality });
      const bytes = new Uint8Array(await blob.arrayBuffer());
      return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    },
    [png.toString("base64"), QUALITY],
  );
  return Buffer.from(text, "latin1");
}
