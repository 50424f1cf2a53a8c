/** The states of files on their way, apart from the sending itself. */

/** Its `key` is also its Idempotency-Key: sent again after a lost answer, it is still the same upload. */
export type Upload =
  | { key: string; file: File; state: "waiting" | "sending" }
  | { key: string; file: File; state: "refused"; reason: unknown };

export interface UploadQueue {
  items: readonly Upload[];
  accepted: string | undefined;
}

export type Step =
  | { type: "added"; uploads: Upload[] }
  | { type: "started" | "accepted" | "retried" | "removed"; key: string }
  | { type: "refused"; key: string; reason: unknown }
  | { type: "forgotten" };

export const CONCURRENT = 3;

export const initial: UploadQueue = { items: [], accepted: undefined };

/** What may be sent now. */
export function sendable({ items }: UploadQueue): Upload[] {
  const free = CONCURRENT - items.filter(({ state }) => state === "sending").length;
  return items.filter(({ state }) => state === "waiting").slice(0, Math.max(free, 0));
}

export function reduce(queue: UploadQueue, step: Step): UploadQueue {
  switch (step.type) {
    case "added":
      return { ...queue, items: [...queue.items, ...step.uploads] };
    case "started":
      return changed(queue, step.key, ({ key, file }) => ({ key, file, state: "sending" }));
    case "retried":
      return changed(queue, step.key, ({ key, file }) => ({ key, file, state: "waiting" }));
    case "refused":
      return changed(queue, step.key, ({ key, file }) => ({ key, file, state: "refused", reason: step.reason }));
    case "accepted": {
      const done = queue.items.find(({ key }) => key === step.key);
      return { items: without(queue, step.key), accepted: done?.file.name ?? queue.accepted };
    }
    case "removed":
      return { ...queue, items: without(queue, step.key) };
    case "forgotten":
      return initial;
  }
}

function changed(queue: UploadQueue, key: string, change: (upload: Upload) => Upload): UploadQueue {
  return { ...queue, items: queue.items.map((upload) => (upload.key === key ? change(upload) : upload)) };
}

function without(queue: UploadQueue, key: string): Upload[] {
  return queue.items.filter((upload) => upload.key !== key);
}
