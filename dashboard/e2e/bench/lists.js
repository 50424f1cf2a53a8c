/** How long the first rows of each list take to be there, from the click on, with nothing of it in the page's cache. */

import { open, place, signIn } from "../browser.js";

const daysAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString();

/** Each list with the first thing of it that its reader waits for. */
const LISTS = {
  overview: ["", ".tiles .tile"],
  queues: ["queues", ".queue .sparkline"],
  jobs: ["jobs", ".table.jobs tbody tr"],
  "jobs, state dead": ["jobs?state=dead", ".table.jobs tbody tr"],
  "jobs, state running or completed": ["jobs?state=running,completed", ".table.jobs tbody tr"],
  "jobs, state quarantined": ["jobs?state=quarantined", ".table.jobs tbody tr"],
  "jobs, kind": ["jobs?kind=thumbnail.generate", ".table.jobs tbody tr"],
  "jobs, queue": ["jobs?queue=webhooks", ".table.jobs tbody tr"],
  "jobs, kind and state": ["jobs?kind=webhook.deliver&state=dead", ".table.jobs tbody tr"],
  "jobs, payload field": ["jobs?payload=event:order.7", ".table.jobs tbody tr"],
  "jobs, error": ["jobs?error=0000000000000007", ".table.jobs tbody tr"],
  "jobs, last 24 hours": ["jobs?span=24h", ".table.jobs tbody tr"],
  "jobs, of some days": [`jobs?from=${daysAgo(7)}&before=${daysAgo(3)}`, ".table.jobs tbody tr"],
  failures: ["failures", ".table.failures tbody tr"],
  schedules: ["schedules", ".schedule"],
  workers: ["workers", ".table.workers tbody tr"],
};

/** Times in ms by list, `rounds` of each. */
export async function measureLists(browser, rounds) {
  const { page, context, complaints } = await open(browser);
  await signIn(page);
  await page.locator("nav.places").waitFor();
  const times = Object.fromEntries(Object.keys(LISTS).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    // A page that has just been loaded has nothing in its cache.
    await page.goto(place("nothing"));
    await page.locator(".empty").waitFor();
    for (const [name, [path, selector]] of Object.entries(LISTS)) {
      times[name].push(await page.evaluate(firstRows, [place(path), selector]));
      await page.evaluate(firstRows, [place("nothing"), ".empty"]);
    }
  }
  await context.close();
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
  return times;
}

/** Runs in the page: goes there as a click does, and waits until the thing is drawn. */
async function firstRows([path, selector]) {
  const patienceMs = 30_000;
  const began = performance.now();
  history.pushState({}, "", path);
  for (;;) {
    await new Promise(requestAnimationFrame);
    if (location.href === path && document.querySelector(`main ${selector}`)) return performance.now() - began;
    if (performance.now() - began > patienceMs) throw new Error(`${path} shows no ${selector}`);
  }
}
