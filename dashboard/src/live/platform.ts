/** The platform as it stands, told by the API's stream; what every screen shows live comes from here. */

import { useEffect } from "react";
import { useQueryClient } from "@tanstack/react-query";

import { answered, client, type PlatformEvent } from "../api/client";
import { useStored, type Stored } from "../app/stored";
import { follow, type Connection } from "./follow";

export interface PlatformView {
  connection: Connection;
  event: PlatformEvent | undefined;
}

const NOTHING: PlatformView = { connection: "connecting", event: undefined };

const view: Stored<PlatformView> = (() => {
  const listeners = new Set<() => void>();
  let value = NOTHING;
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
})();

export function usePlatform(): PlatformView {
  return useStored(view);
}

/** Follows the platform while the component is there. What was asked while nothing answered is asked again. */
export function useFollowPlatform(): void {
  const queries = useQueryClient();
  useEffect(() => {
    let wasDown = false;
    const end = follow<PlatformEvent>({
      ask: (lastId, signal) =>
        answered(
          client.GET("/api/v1/events", {
            params: { header: lastId ? { "Last-Event-ID": lastId } : {} },
            parseAs: "stream",
            signal,
          }),
        ).then((stream) => stream ?? undefined),
      onEvent: (event) => view.set({ ...view.get(), event }),
      onConnection(connection) {
        view.set({ ...view.get(), connection });
        if (connection === "live" && wasDown) void queries.invalidateQueries();
        if (connection === "down") void queries.invalidateQueries({ queryKey: ["health"] });
        wasDown = connection === "down";
      },
    });
    return () => {
      end();
      view.set(NOTHING);
    };
  }, [queries]);
}
