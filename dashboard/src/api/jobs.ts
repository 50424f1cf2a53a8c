/** Jobs: lists, one, and what can be done with them. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answered, client, type BatchResult, type Job } from "./client";
import { asked, type JobFilter } from "./jobFilter";
import { cursorOf, QUIET_MS } from "./queries";

export const JOBS_PER_PAGE = 50;
/** The most jobs that one request acts on. */
export const MOST_SELECTED = 1_000;

const LIVE_MS = 2_000;
/** The longest page. */
const LONGEST_PAGE = 100;
/** Of a page whose rows all moved on to another state, so that its filter finds them no more. */
const MOST_PAGES = 40;

/** A page of jobs, asked again and again while it is live. */
export function jobsQuery(filter: JobFilter, isLive: boolean) {
  return queryOptions({
    queryKey: ["jobs", filter],
    queryFn: ({ signal }) =>
      answered(client.GET("/api/v1/jobs", { params: { query: { ...asked(filter), per_page: JOBS_PER_PAGE } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: isLive ? LIVE_MS : false,
    refetchOnWindowFocus: isLive,
  });
}

/** One job; its stream says when it is worth asking again, and this is for when the stream cannot. */
export function jobQuery(id: string) {
  return queryOptions({
    queryKey: ["job", id],
    queryFn: ({ signal }) => answered(client.GET("/api/v1/jobs/{id}", { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.finished ? false : QUIET_MS),
  });
}

/** A job's attempts, the latest first, page by page. */
export function attemptsQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: ["attempts", id],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam: cursor }) =>
      answered(
        client.GET("/api/v1/jobs/{id}/attempts", {
          params: { path: { id }, query: { per_page: 20, ...(cursor && { cursor }) } },
          signal,
        }),
      ),
    getNextPageParam: (page) => cursorOf(page.links.next),
  });
}

/** A payload that is too large to come with its job. */
export function payloadQuery(id: string) {
  return queryOptions({
    queryKey: ["payload", id],
    queryFn: ({ signal }) => answered(client.GET("/api/v1/jobs/{id}/payload", { params: { path: { id } }, signal })),
    staleTime: Infinity,
  });
}

/** The newest jobs that a filter finds, up to `most`. */
export async function findJobs(filter: JobFilter, most: number = MOST_SELECTED): Promise<Job[]> {
  const found: Job[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES && found.length < most; page++) {
    const query = { ...asked({ ...filter, cursor }), per_page: LONGEST_PAGE };
    const { data, links } = await answered(client.GET("/api/v1/jobs", { params: { query } }));
    found.push(...data);
    cursor = cursorOf(links.next);
    if (!cursor) break;
  }
  return found.slice(0, most);
}

export const ACTS = ["retry", "cancel", "delete"] as const;
export type Act = (typeof ACTS)[number];

/** Whether a job can be acted on so, as far as the page knows; the API decides. */
export function allows(act: Act, job: Pick<Job, "finished" | "cancel_requested_at">): boolean {
  return act === "cancel" ? !job.finished && !job.cancel_requested_at : job.finished;
}

/** Acts on up to {@link MOST_SELECTED} jobs, each for itself. */
export function actOnJobs(act: Act, ids: string[]): Promise<BatchResult> {
  const body = { ids };
  switch (act) {
    case "retry":
      return answered(client.POST("/api/v1/jobs/batch/retry", { body }));
    case "cancel":
      return answered(client.POST("/api/v1/jobs/batch/cancel", { body }));
    case "delete":
      return answered(client.POST("/api/v1/jobs/batch/delete", { body }));
  }
}

/** Acts on one job. */
export async function actOnJob(act: Act, id: string): Promise<void> {
  const params = { path: { id } };
  switch (act) {
    case "retry":
      await answered(client.POST("/api/v1/jobs/{id}/retry", { params }));
      return;
    case "cancel":
      await answered(client.POST("/api/v1/jobs/{id}/cancel", { params }));
      return;
    case "delete":
      await answered(client.DELETE("/api/v1/jobs/{id}", { params }));
  }
}
