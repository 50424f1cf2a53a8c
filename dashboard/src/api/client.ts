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
export type JobEvent = components["schemas"]["JobEvent"];
export type JobFailure = components["schemas"]["JobFailure"];
export type BatchResult = components["schemas"]["BatchResult"];
export type FailureGroup = components["schemas"]["FailureGroup"];

export type Alert = components["schemas"]["Alert"];
export type Backlog = components["schemas"]["Backlog"];
export type PageLinks = components["schemas"]["PageLinks"];
export type KindStats = components["schemas"]["KindStats"];
export type PlatformEvent = components["schemas"]["PlatformEvent"];
export type PlatformStats = components["schemas"]["PlatformStats"];
export type Queue = components["schemas"]["Queue"];
export type QueueMinutes = components["schemas"]["QueueMinutes"];
export type Worker = components["schemas"]["Worker"];
export type WorkSummary = components["schemas"]["WorkSummary"];

export type Backup = components["schemas"]["Backup"];
export type BackupDrill = components["schemas"]["BackupDrill"];
export type Email = components["schemas"]["Email"];
export type RecipientState = components["schemas"]["RecipientState"];
export type Report = components["schemas"]["Report"];
export type ReportState = components["schemas"]["ReportState"];

export type Schedule = components["schemas"]["Schedule"];
export type ScheduleRun = components["schemas"]["ScheduleRun"];

export type Role = components["schemas"]["Role"];
export type Session = components["schemas"]["Session"];
export type SignIn = components["schemas"]["SignIn"];

export const client = createClient<paths>({ baseUrl: "/" });

client.use({
  onRequest({ request }) {
    // What a form on another site cannot send; the API asks for it wherever a cookie would change something.
    request.headers.set("x-gotong-csrf", "1");
    return request;
  },
  onResponse({ request, response }) {
    // A wrong key or password at the sign-in ends nothing.
    const isSignIn = request.method === "POST" && new URL(request.url).pathname === "/api/v1/session";
    if (response.status === 401 && !isSignIn) session.expire();
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
