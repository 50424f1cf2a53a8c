/** What live tabs hold in memory as time goes by. */

import { open, place, signIn } from "../browser.js";

const TABS = { overview: "", jobs: "jobs" };
const WARM_UP_MS = 60_000;

/** Samples by tab, evenly over the minutes: live bytes of JavaScript, nodes and listeners, each after a collection. */
export async function watchMemory(browser, minutes, samples = 20) {
  const tabs = {};
  for (const [name, path] of Object.entries(TABS)) {
    const { page, context } = await open(browser);
    await signIn(page);
    await page.locator("nav.places").waitFor();
    await page.goto(place(path));
    await page.locator(".live.live").waitFor();
    tabs[name] = { cdp: await context.newCDPSession(page), page, context, samples: [] };
  }
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms)); // why: memory is watched over time
  // Code is compiled and caches fill at first; a short run has no time for that.
  await pause(Math.min(WARM_UP_MS, (minutes * 60_000) / 5));
  for (let sample = 0; sample < samples; sample++) {
    for (const tab of Object.values(tabs)) {
      // Only one tab is in front; the other would rest.
      await tab.cdp.send("HeapProfiler.collectGarbage");
      const { usedSize } = await tab.cdp.send("Runtime.getHeapUsage");
      const { nodes, jsEventListeners } = await tab.cdp.send("Memory.getDOMCounters");
      tab.samples.push({ bytes: usedSize, nodes, listeners: jsEventListeners });
    }
    await pause((minutes * 60_000) / samples);
  }
  for (const { page, context } of Object.values(tabs)) {
    await page.locator(".live.live").waitFor();
    await context.close();
  }
  return Object.fromEntries(Object.entries(tabs).map(([name, tab]) => [name, tab.samples]));
}

/** The mean of the last quarter beside that of the first. */
export function growth(samples, read) {
  const quarter = Math.max(Math.floor(samples.length / 4), 1);
  const mean = (some) => some.reduce((sum, sample) => sum + read(sample), 0) / some.length;
  return { first: mean(samples.slice(0, quarter)), last: mean(samples.slice(-quarter)) };
}
