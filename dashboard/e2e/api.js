/** The API as a client calls it, to prepare what a test looks at. */

import { apiKey, apiUrl } from "./browser.js";

/** What the API answers; a refusal is thrown. */
export async function call(method, path, body, key = apiKey) {
  const response = await fetch(`${apiUrl}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** A webhook to be delivered. */
export function webhook(url, event, options = {}) {
  return { kind: "webhook.deliver", payload: { url, event, data: options.data ?? { event } }, ...options.job };
}

/** Asks for jobs, up to a thousand; the answer is their ids. */
export async function enqueue(jobs) {
  const { data, meta } = await call("POST", "jobs/batch", { jobs });
  if (meta.refused > 0) throw new Error(`refused: ${JSON.stringify(data.find(({ error }) => error))}`);
  return data.map(({ id }) => id);
}

/** The job, once it is as wanted. */
export async function jobWhen(id, isWanted, patienceMs = 60_000) {
  const until = Date.now() + patienceMs;
  for (;;) {
    const job = await call("GET", `jobs/${id}`);
    if (isWanted(job)) return job;
    if (Date.now() > until) throw new Error(`the job ${id} is ${job.state}`);
    await new Promise((resolve) => setTimeout(resolve, 100)); // why: the wait between two looks
  }
}

/** Waits until a list holds that many jobs. */
export async function listed(query, count, patienceMs = 60_000) {
  const until = Date.now() + patienceMs;
  for (;;) {
    let found = 0;
    for (let next = `jobs?per_page=100&${query}`; next; ) {
      const { data, links } = await call("GET", next);
      found += data.length;
      next = links.next?.replace(/^.*\/api\/v1\//, "");
    }
    if (found === count) return;
    if (Date.now() > until) throw new Error(`${query}: ${found} jobs`);
    await new Promise((resolve) => setTimeout(resolve, 100)); // why: the wait between two looks
  }
}
