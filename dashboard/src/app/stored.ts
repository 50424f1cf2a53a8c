/** A value that outlives a reload, and that components can follow. */

import { useSyncExternalStore } from "react";

export interface Stored<T> {
  get(): T;
  set(value: T): void;
  subscribe(listener: () => void): () => void;
}

/** `read` makes a value of what is stored, `write` the reverse; null is "nothing stored". */
export function stored<T>(
  storage: () => Storage,
  name: string,
  read: (text: string | null) => T,
  write: (value: T) => string | null,
): Stored<T> {
  const listeners = new Set<() => void>();
  let value = read(guarded(() => storage().getItem(name)) ?? null);
  return {
    get: () => value,
    set(next) {
      value = next;
      const text = write(next);
      guarded(() => (text === null ? storage().removeItem(name) : storage().setItem(name, text)));
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStored<T>(value: Pick<Stored<T>, "get" | "subscribe">): T {
  return useSyncExternalStore(value.subscribe, value.get);
}

/** Storage may be forbidden or full; the value then lives as long as the page. */
function guarded<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch {
    return undefined;
  }
}
