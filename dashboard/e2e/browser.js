/** Debian's chromium, and pages in it that notice what goes wrong. */

import { chromium } from "playwright-core";

const env = (name) => process.env[name] || undefined;

function required(name) {
  const value = env(name);
  if (!value) throw new Error(`${name} is not set; \`cargo xtask up --detach\` writes it to .gotong/env`);
  return value;
}

export const apiUrl = required("GOTONG_URL");
export const apiKey = required("GOTONG_API_KEY");
/** Of the role that changes nothing. */
export const viewerKey = () => required("GOTONG_VIEWER_KEY");
export const dashboard = env("GOTONG_PAGE_URL") ?? `${apiUrl}/dashboard`;

/** The address of a place on the page. */
export const place = (path) => `${dashboard.replace(/\/$/, "")}/${path}`;

/** Long enough for a worker to make a thumbnail on a machine that is busy with other tests. */
export const PATIENCE_MS = 60_000;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch() {
  const executablePath = env("GOTONG_CHROMIUM") ?? env("GOTONG_TEST_BROWSER") ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/**
 * A page in a fresh context. `complaints` collects what the console says in anger, what is thrown, and every request
 * to another server.
 */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "blob:" && url.origin !== new URL(dashboard).origin) complaints.push(`asked ${url.origin}`);
  });
  await page.goto(dashboard);
  return { page, context, complaints };
}

export async function signIn(page, key = apiKey) {
  await page.locator("#secret").fill(key);
  await page.getByRole("button", { name: /^(Sign in|Masuk)$/ }).click();
}

/** Chromium reports each answer of 400 and above as an error; those that a test provokes are no complaint. */
export function withoutStatuses(complaints, ...statuses) {
  const provoked = (text) => statuses.some((status) => text.includes(`responded with a status of ${status}`));
  return complaints.filter((text) => !provoked(text));
}
