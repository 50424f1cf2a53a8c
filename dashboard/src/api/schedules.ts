/** Schedules: when they fire, what became of it, and what can be done with them. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answered, client } from "./client";
import { QUIET_MS } from "./queries";

/** Ticks in the history strip of a list. */
export const STRIP_LENGTH = 30;

export interface ScheduleFilter {
  enabled?: "true" | "false" | undefined;
  cursor?: string | undefined;
}

export function schedulesQuery({ enabled, cursor }: ScheduleFilter) {
  return queryOptions({
    queryKey: ["schedules", enabled, cursor],
    queryFn: ({ signal }) =>
      answered(
        client.GET("/api/v1/schedules", {
          params: { query: { per_page: 20, ...(enabled && { enabled: enabled === "true" }), ...(cursor && { cursor }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: QUIET_MS,
  });
}

export function scheduleQuery(id: string) {
  return queryOptions({
    queryKey: ["schedule", id],
    queryFn: ({ signal }) => answered(client.GET("/api/v1/schedules/{id}", { params: { path: { id } }, signal })),
    refetchInterval: QUIET_MS,
  });
}

/** What became of its latest ticks. */
export function runsQuery(id: string, length: number = STRIP_LENGTH) {
  return queryOptions({
    queryKey: ["runs", id, length],
    queryFn: ({ signal }) =>
      answered(client.GET("/api/v1/schedules/{id}/runs", { params: { path: { id }, query: { per_page: length } }, signal })),
    refetchInterval: QUIET_MS,
  });
}

/** Its next runs. */
export function previewQuery(id: string) {
  return queryOptions({
    queryKey: ["preview", id],
    queryFn: ({ signal }) => answered(client.GET("/api/v1/schedules/{id}/preview", { params: { path: { id } }, signal })),
    refetchInterval: 3 * QUIET_MS,
  });
}

/** Makes a job of this moment. The same `idempotencyKey` makes a repeated click the same run. */
export function runNow(id: string, idempotencyKey: string) {
  const params = { path: { id }, header: { "Idempotency-Key": idempotencyKey } };
  return answered(client.POST("/api/v1/schedules/{id}/run-now", { params }));
}

export function pauseSchedule(id: string, paused: boolean) {
  const params = { path: { id } };
  return answered(
    paused
      ? client.POST("/api/v1/schedules/{id}/pause", { params })
      : client.POST("/api/v1/schedules/{id}/resume", { params }),
  );
}
