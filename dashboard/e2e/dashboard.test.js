/** What an operator does, in a real browser, with the real API behind. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { call, jobWhen } from "./api.js";
import { barriers } from "./axe.js";
import { launch, open, place, signIn, withoutStatuses } from "./browser.js";
import { png } from "./drawing.js";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** Files are named apart, so that tests that run again or side by side do not see each other's. */
const named = (what) => `${what}-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;

const photo = (name) => ({ name, mimeType: "image/png", buffer: png(640, 480, Math.random()) });

const row = (page, name) => page.locator(".row", { hasText: name });

async function toMedia(page) {
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Media" }).click();
  await page.getByRole("heading", { name: "Media", level: 1 }).waitFor();
}

test("an e-mail's job shows the message as it looks, and that it was sent", async () => {
  const variables = { product: "Sekolah Kita", name: "Siti", action_url: "https://sekolah.example/mulai" };
  const template = { name: "welcome", locale: "en", variables };
  const { id } = await call("POST", "emails", { to: [{ address: "siti@example.org" }], template });
  const { page, context, complaints } = await open(browser);
  await signIn(page);
  await page.goto(place(`jobs/${id}`));
  const email = page.getByRole("region", { name: "The e-mail" });
  await email.getByText("Sent", { exact: true }).waitFor();
  await email.getByText("siti@example.org").waitFor();
  const drawn = page.frameLocator("iframe.message");
  await drawn.getByText("Siti").first().waitFor();
  assert.equal(await page.locator("iframe.message").getAttribute("sandbox"), "");
  assert.deepEqual(await barriers(page), []);
  await page.getByRole("button", { name: "Bahasa Indonesia" }).click();
  await page.getByRole("region", { name: "Surelnya" }).getByText("Terkirim", { exact: true }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a backup's job shows what is in it, and that a drill has proved it", async () => {
  const job = await call("POST", "backups", { verify: true });
  await jobWhen(job.id, ({ state }) => state === "completed", 120_000);
  const { page, context, complaints } = await open(browser);
  await signIn(page);
  await page.goto(place(`jobs/${job.id}`));
  const backup = page.getByRole("region", { name: "The backup" });
  await backup.getByText("Good", { exact: true }).waitFor();
  await backup.getByText(/^[\d,]+ rows in \d+ tables$/).waitFor();
  await backup.getByText("Passed", { exact: true }).waitFor({ timeout: 120_000 });
  await backup.getByText("Restored in", { exact: true }).waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.getByRole("button", { name: "Bahasa Indonesia" }).click();
  await page.getByRole("region", { name: "Cadangannya" }).getByText("Lulus", { exact: true }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a photo is uploaded, becomes a thumbnail, and its job says so", async () => {
  const { page, context, complaints } = await open(browser);
  const name = `${named("sunset")}.png`;
  assert.deepEqual(await barriers(page), []);
  await signIn(page);
  await page.getByText("Everything works").waitFor();
  const within = () => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie]);
  assert.doesNotMatch(await page.evaluate(within), /gtg_|gotong_session/, "no script can reach the key or the cookie");
  for (const part of ["Database", "Queues", "Storage"]) await page.locator(".check.up", { hasText: part }).waitFor();

  await toMedia(page);
  await page.locator("input[type=file]").setInputFiles(photo(name));
  const thumbnail = page.getByRole("img", { name: `Thumbnail of ${name}` });
  await thumbnail.waitFor();
  await thumbnail.evaluate((image) => image.decode());
  assert.deepEqual(await thumbnail.evaluate((image) => [image.naturalWidth, image.naturalHeight]), [300, 225]);
  await row(page, name).getByText("Ready", { exact: true }).waitFor();
  assert.deepEqual(await barriers(page), []);

  await row(page, name).getByRole("link", { name: `Job: ${name}` }).click();
  await page.getByRole("heading", { name: "thumbnail.generate" }).waitFor();
  await page.getByText("Completed", { exact: true }).waitFor();
  await page.getByText("It is done.").waitFor();
  const artefact = page.getByRole("region", { name: "The file" }).getByRole("img", { name: `Thumbnail of ${name}` });
  await artefact.evaluate((image) => image.decode());
  await page.reload();
  await page.getByText("It is done.").waitFor();
  assert.deepEqual(await barriers(page), []);

  await page.getByRole("button", { name: "Bahasa Indonesia" }).click();
  await page.getByText("Sudah dikerjakan.").waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "id");
  await page.getByRole("button", { name: "Tampilan: Ikuti sistem" }).click();
  await page.getByRole("button", { name: "Tampilan: Terang" }).click();
  await page.getByRole("button", { name: "Tampilan: Gelap" }).waitFor();
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "dark");
  assert.deepEqual(await barriers(page), []);

  await page.getByRole("button", { name: "Keluar" }).click();
  await page.getByRole("heading", { name: "Masuk" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Masuk" }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a file that is dropped is uploaded, can be deleted, and comes back", async () => {
  const { page, context, complaints } = await open(browser);
  const name = `${named("dropped")}.png`;
  await signIn(page);
  await toMedia(page);
  const bytes = photo(name).buffer.toString("base64");
  const transfer = await page.evaluateHandle(
    ([name, bytes]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name));
      return transfer;
    },
    [name, bytes],
  );
  await page.locator(".drop").dispatchEvent("drop", { dataTransfer: transfer });
  await row(page, name).getByText("Ready", { exact: true }).waitFor();

  await page.getByRole("button", { name: `Delete ${name}` }).click();
  await page.getByText(`${name} is deleted.`).waitFor();
  await row(page, name).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText(`${name} is back.`).waitFor();
  await row(page, name).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("what cannot be used is refused, or fails, in words", async () => {
  const { page, context, complaints } = await open(browser);
  const words = `${named("words")}.jpg`;
  const cut = `${named("cut")}.png`;
  await signIn(page);
  await toMedia(page);
  await page.locator("input[type=file]").setInputFiles([
    { name: words, mimeType: "image/jpeg", buffer: Buffer.from("These are only words.") },
    { name: cut, mimeType: "image/png", buffer: photo(cut).buffer.subarray(0, 20_000) },
  ]);
  const refused = page.locator(".upload", { hasText: words });
  await refused.getByText("This type of file is not accepted").waitFor();
  assert.deepEqual(await barriers(page), []);
  await refused.getByRole("button", { name: `Remove ${words} from this list` }).click();
  await refused.waitFor({ state: "detached" });

  await row(page, cut).getByText("The file is not an image that can be read").waitFor();
  await page.getByRole("navigation", { name: "Show" }).getByRole("link", { name: "Failed" }).click();
  assert.match(page.url(), /[?&]state=failed/);
  await row(page, cut).getByRole("link", { name: `Job: ${cut}` }).click();
  await page.getByText("It failed for good and is not tried again.").waitFor();
  await page.getByRole("heading", { name: "Latest error" }).waitFor();

  await page.getByRole("img", { name: `Thumbnail of ${cut}` }).waitFor({ state: "detached" });
  await page.getByRole("region", { name: "The file" }).getByText(cut).waitFor();
  assert.deepEqual(withoutStatuses(complaints, 415), []);
  await context.close();
});

test("whoever is not known is told so, by the keyboard alone", async () => {
  const { page, context, complaints } = await open(browser);
  await page.getByLabel("API key", { exact: true }).last().waitFor();
  await page.keyboard.type("not a key");
  await page.keyboard.press("Enter");
  await page.getByText("A key begins with gtg_").waitFor();
  await page.keyboard.press("Control+A");
  await page.keyboard.type(`gtg_${"0".repeat(64)}`);
  await page.keyboard.press("Enter");
  await page.getByText("The key is unknown, revoked or expired.").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "secret");

  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("ArrowRight");
  await page.getByLabel("E-mail address").waitFor();
  await page.keyboard.type(`${named("nobody")}@example.org`);
  await page.keyboard.press("Tab");
  await page.keyboard.type("not the password");
  await page.keyboard.press("Enter");
  await page.getByText("The address or the password is wrong.").waitFor();
  assert.deepEqual(withoutStatuses(complaints, 401), []);
  await context.close();
});

test("a session that has ended leads back to the sign-in, and after it to the same place", async () => {
  const { page, context, complaints } = await open(browser);
  await page.goto(place("media?category=image"));
  await signIn(page);
  await page.getByRole("heading", { name: "Media", level: 1 }).waitFor();
  await context.clearCookies();
  await page.getByText("Your session has ended. Sign in again.").waitFor();
  await signIn(page);
  await page.getByRole("heading", { name: "Media", level: 1 }).waitFor();
  assert.match(page.url(), /media\?category=image$/);
  assert.deepEqual(withoutStatuses(complaints, 401), []);
  await context.close();
});

test("an API that does not answer is told, and its return is noticed", async () => {
  const { page, context } = await open(browser);
  await signIn(page);
  await page.getByText("Everything works").waitFor();
  await context.route(/\/(api|health)/, (route) => route.abort());
  await page.getByText("The API cannot be reached. What you see may be out of date").waitFor();
  await page.getByText("Everything works").waitFor();
  await context.unroute(/\/(api|health)/);
  await page.getByText("The API cannot be reached.").waitFor({ state: "detached" });
  await context.close();
});

test("an address of the page opens that place, and an unknown one says so", async () => {
  const { page, context, complaints } = await open(browser);
  await page.goto(place("media?state=failed&category=audio"));
  await signIn(page);
  await page.getByText("No file matches").or(page.locator(".row").first()).first().waitFor();
  const current = page.locator(".choice [aria-current]");
  assert.deepEqual(await current.allTextContents(), ["Failed", "Audio"]);
  await page.goto(place("no/such/place"));
  await page.getByText("There is no such page").waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
