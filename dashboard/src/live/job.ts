/** One job, live: each event says that it has changed, and the whole job is asked anew. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { answered, client, type JobEvent } from "../api/client";
import { follow } from "./follow";

/** Follows a job until it has ended; `round` begins anew, as after a retry. */
export function useFollowJob(id: string, round: number): void {
  const queries = useQueryClient();
  useEffect(
    () =>
      follow<JobEvent>({
        ask: async (lastId, signal) => {
          const header = lastId ? { "Last-Event-ID": lastId } : {};
          const request = client.GET("/api/v1/jobs/{id}/events", { params: { path: { id }, header }, parseAs: "stream", signal });
          return (await answered(request)) ?? undefined;
        },
        onEvent: () => {
          void queries.invalidateQueries({ queryKey: ["job", id] });
          void queries.invalidateQueries({ queryKey: ["attempts", id] });
        },
      }),
    [queries, id, round],
  );
}
