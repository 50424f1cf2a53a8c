/** Follows a stream of the API for as long as somebody looks: resumes where it was, and rests while the tab is hidden. */

import { Refusal } from "../api/refusal";
import { eventReader } from "./events";

export type Connection = "connecting" | "live" | "resting" | "down" | "over";

export interface Following<T> {
  /** Asks for the stream, after the event of that id if there was one; nothing when there is no more to come. */
  ask: (lastId: string | undefined, signal: AbortSignal) => Promise<ReadableStream<Uint8Array> | undefined>;
  onEvent: (event: T) => void;
  onConnection?: (connection: Connection) => void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 10_000;
/** The API shows every 15 seconds that it is there. */
const SILENCE_MS = 40_000;

/** Begins to follow; the answer ends it. */
export function follow<T>({ ask, onEvent, onConnection }: Following<T>): () => void {
  const end = new AbortController();
  let lastId: string | undefined;
  let connection = new AbortController();
  const tell = (state: Connection) => {
    if (!end.signal.aborted) onConnection?.(state);
  };
  const onVisibility = () => {
    if (document.hidden) connection.abort();
  };
  document.addEventListener("visibilitychange", onVisibility);
  end.signal.addEventListener("abort", () => {
    document.removeEventListener("visibilitychange", onVisibility);
    connection.abort();
  });

  const listen = async () => {
    connection = new AbortController();
    const stream = await ask(lastId, connection.signal);
    if (!stream) return "over";
    tell("live");
    await read(stream, connection, (id, data) => {
      lastId = id ?? lastId;
      onEvent(JSON.parse(data) as T);
    });
    return "ended";
  };

  void (async () => {
    let wait = FIRST_WAIT_MS;
    tell("connecting");
    while (!end.signal.aborted) {
      if (document.hidden) {
        tell("resting");
        await until("visibilitychange", end.signal);
        continue;
      }
      try {
        const outcome = await listen();
        if (outcome === "over") return tell("over");
        wait = FIRST_WAIT_MS;
      } catch (error) {
        if (isForGood(error)) return tell("over");
        if (!document.hidden) tell("down");
      }
      if (document.hidden || end.signal.aborted) continue;
      // Clients that lost the same server do not come back in the same instant.
      await pause(wait * (0.5 + Math.random() / 2), end.signal);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  })();
  return () => end.abort();
}

/** Hands on each event until the stream ends; a silent one is given up. */
async function read(
  stream: ReadableStream<Uint8Array>,
  connection: AbortController,
  onEvent: (id: string | undefined, data: string) => void,
): Promise<void> {
  const reader = stream.getReader();
  const text = new TextDecoder();
  const take = eventReader();
  const given = () => void reader.cancel().catch(() => undefined);
  connection.signal.addEventListener("abort", given, { once: true });
  for (;;) {
    const silence = setTimeout(() => connection.abort(), SILENCE_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(silence));
    if (done || connection.signal.aborted) return;
    for (const { id, data } of take(text.decode(value, { stream: true }))) onEvent(id, data);
  }
}

/** A refusal that will be one again. */
function isForGood(error: unknown): boolean {
  return error instanceof Refusal && [401, 403, 404].includes(error.problem.status);
}

function until(event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      document.removeEventListener(event, done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    document.addEventListener(event, done);
    signal.addEventListener("abort", done);
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
