/** Files on their way to the API: a few at a time, going on while the reader looks at other screens. */

import { useQueryClient } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useEffect, useMemo, useReducer, type ReactNode } from "react";

import { upload } from "../api/queries";
import { randomKey } from "./randomKey";
import { session } from "./session";
import { useStored } from "./stored";
import { initial, reduce, sendable, type Upload } from "./uploadQueue";

interface Uploads {
  items: readonly Upload[];
  /** The names of the files that were accepted last, for the announcement. */
  accepted: string | undefined;
  add(files: Iterable<File>): void;
  retry(key: string): void;
  remove(key: string): void;
}

const Context = createContext<Uploads | undefined>(undefined);

export function UploadsProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [queue, dispatch] = useReducer(reduce, initial);
  const isSignedIn = useStored(session).is === "in";

  useEffect(() => {
    if (!isSignedIn) dispatch({ type: "forgotten" });
  }, [isSignedIn]);

  useEffect(() => {
    for (const { key, file } of sendable(queue)) {
      dispatch({ type: "started", key });
      upload(file, key).then(
        () => {
          dispatch({ type: "accepted", key });
          void queries.invalidateQueries({ queryKey: ["media"] });
        },
        (reason: unknown) => dispatch({ type: "refused", key, reason }),
      );
    }
  }, [queue, queries]);

  const add = useCallback((files: Iterable<File>) => {
    dispatch({ type: "added", uploads: [...files].map((file) => ({ key: randomKey(), file, state: "waiting" })) });
  }, []);
  const retry = useCallback((key: string) => dispatch({ type: "retried", key }), []);
  const remove = useCallback((key: string) => dispatch({ type: "removed", key }), []);
  const value = useMemo(
    () => ({ items: queue.items, accepted: queue.accepted, add, retry, remove }),
    [queue, add, retry, remove],
  );
  return <Context value={value}>{children}</Context>;
}

export function useUploads(): Uploads {
  const uploads = useContext(Context);
  if (!uploads) throw new Error("useUploads needs an UploadsProvider above it");
  return uploads;
}
