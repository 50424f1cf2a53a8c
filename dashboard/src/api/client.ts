/** The one way to the API: a client typed by its document. Every failure is a {@link Refusal} or {@link Unreachable}. */

import createClient from "openapi-fetch";

import { session } from "../app/session";
import { problemOf, Refusal, Unreachable } from "./refusal";
import type { components, paths } from "./schema";

export type Media = components["schemas"]["Media"];
export type MediaCategory = components["schemas"]["MediaCategory"];
export type MediaList = components["schemas"]["MediaList"];
export type MediaState = components["schemas"]["MediaState"];
export type Job = components["schemas"]["Job"];
export type JobState = components["schemas"]["JobState"];
export type JobAttempt = components["schemas"]["JobAttempt"];

export const client = createClient<paths>({ baseUrl: "/" });

client.use({
  onRequest({ request }) {
    const key = session.get();
    if (key && !request.headers.has("authorization")) request.headers.set("authorization", `Bearer ${key}`);
    return request;
  },
  onResponse({ request, response }) {
    // Only the key in use can expire; one that is being tried at the sign-in is not in use yet.
    const key = session.get();
    const isOurs = key !== null && request.headers.get("authorization") === `Bearer ${key}`;
    if (response.status === 401 && isOurs) session.expire();
    return undefined;
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What the API answered, or throws why it did not. */
export async function answered<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new Unreachable(cause);
  }
  if (!answer.response.ok) throw new Refusal(problemOf(answer.error, answer.response));
  return answer.data as T;
}
