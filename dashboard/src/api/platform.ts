/** Numbers, queues, workers and failures. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answered, client } from "./client";
import { QUIET_MS } from "./queries";

const STATS_MS = 5_000;
const SERIES_MS = 30_000;

/** How far back the overview looks. */
export const SPANS = ["hour", "day"] as const;
export type Span = (typeof SPANS)[number];

/** Minutes of a span, and how many of them make one point of a chart. */
export const SERIES = { hour: { minutes: 60, step: 1 }, day: { minutes: 24 * 60, step: 15 } } as const;

export const statsQuery = queryOptions({
  queryKey: ["stats"],
  queryFn: ({ signal }) => answered(client.GET("/api/v1/stats", { signal })),
  refetchInterval: STATS_MS,
});

/** What happened on the whole platform, or on one queue, step by step. */
export function seriesQuery(span: Span, queue?: string) {
  const { minutes, step } = SERIES[span];
  return queryOptions({
    queryKey: ["series", span, queue],
    queryFn: ({ signal }) => {
      const from = new Date(Date.now() - (minutes - 1) * 60_000).toISOString();
      const query = { from, step_minutes: step };
      return answered(
        queue === undefined
          ? client.GET("/api/v1/stats/minutes", { params: { query }, signal })
          : client.GET("/api/v1/queues/{name}/minutes", { params: { path: { name: queue }, query }, signal }),
      );
    },
    placeholderData: keepPreviousData,
    refetchInterval: SERIES_MS,
  });
}

export const queuesQuery = queryOptions({
  queryKey: ["queues"],
  queryFn: ({ signal }) => answered(client.GET("/api/v1/queues", { signal })),
  refetchInterval: STATS_MS,
});

/** Stops workers from fetching, or lets them fetch again. */
export function pauseQueue(name: string, paused: boolean) {
  const params = { path: { name }, header: { "If-Match": "*" } };
  return answered(client.PATCH("/api/v1/queues/{name}", { params, body: { paused } }));
}

export const workersQuery = queryOptions({
  queryKey: ["workers"],
  queryFn: ({ signal }) => answered(client.GET("/api/v1/workers", { signal })),
  refetchInterval: STATS_MS,
});

export function drainWorker(id: string) {
  return answered(client.POST("/api/v1/workers/{id}/drain", { params: { path: { id } } }));
}

export interface FailureFilter {
  kind?: string | undefined;
  cursor?: string | undefined;
}

/** A page of failures that are alike. */
export function failuresQuery({ kind, cursor }: FailureFilter) {
  return queryOptions({
    queryKey: ["failures", kind, cursor],
    queryFn: ({ signal }) =>
      answered(
        client.GET("/api/v1/failures", {
          params: { query: { per_page: 25, ...(kind && { kind }), ...(cursor && { cursor }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: QUIET_MS,
  });
}
