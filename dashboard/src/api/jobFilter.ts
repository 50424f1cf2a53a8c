/** Which jobs: the filter as it stands in an address, and as the API is asked. */

import type { JobState } from "./client";

export const STATES = [
  "scheduled",
  "available",
  "running",
  "retryable",
  "snoozed",
  "completed",
  "dead",
  "cancelled",
  "quarantined",
] as const satisfies readonly JobState[];

/** Spans up to now, in minutes. */
export const SPANS = { "15m": 15, "1h": 60, "24h": 24 * 60, "7d": 7 * 24 * 60 } as const;
export type Span = keyof typeof SPANS;

/** Every part is text, as in an address. */
export interface JobFilter {
  /** States, with commas between them. */
  state?: string | undefined;
  /** Kinds, with commas between them. */
  kind?: string | undefined;
  queue?: string | undefined;
  schedule?: string | undefined;
  /** The fingerprint of an error. */
  error?: string | undefined;
  /** `path:value` */
  payload?: string | undefined;
  /** Accepted within this span up to now, */
  span?: Span | undefined;
  /** or from this moment on, */
  from?: string | undefined;
  /** and before this one. */
  before?: string | undefined;
  cursor?: string | undefined;
}

const TEXTS = ["kind", "queue", "schedule", "error", "payload", "cursor"] as const;

/** The filter in an address; what means nothing is left out. */
export function readJobFilter(search: Record<string, unknown>): JobFilter {
  const filter: JobFilter = {};
  for (const name of TEXTS) {
    const text = search[name];
    if (typeof text === "string" && text.trim() !== "") filter[name] = text.trim();
  }
  const states = statesIn(typeof search.state === "string" ? search.state : undefined);
  if (states.length > 0) filter.state = states.join(",");
  if (isSpan(search.span)) filter.span = search.span;
  for (const name of ["from", "before"] as const) {
    const text = search[name];
    if (!filter.span && typeof text === "string" && !Number.isNaN(Date.parse(text))) filter[name] = text;
  }
  return filter;
}

/** The states that a list of words names, in their usual order. */
export function statesIn(text: string | undefined): JobState[] {
  const words = text?.split(",") ?? [];
  return STATES.filter((state) => words.includes(state));
}

/** Without the page: the filter itself. */
export function isFiltered({ cursor: _, ...filter }: JobFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

/** The query parameters that ask for it. */
export function asked(filter: JobFilter, now: number = Date.now()) {
  const states = statesIn(filter.state);
  const kinds = filter.kind?.split(",").filter(Boolean) ?? [];
  const from = filter.span ? new Date(now - SPANS[filter.span] * 60_000).toISOString() : moment(filter.from);
  const before = filter.span ? undefined : moment(filter.before);
  return {
    ...(states.length > 0 && { state: states }),
    ...(kinds.length > 0 && { kind: kinds }),
    ...(filter.queue && { queue: filter.queue }),
    ...(filter.schedule && { schedule_id: filter.schedule }),
    ...(filter.error && { error_fingerprint: filter.error }),
    ...(filter.payload && { payload: [filter.payload] }),
    ...(from && { created_from: from }),
    ...(before && { created_before: before }),
    ...(filter.cursor && { cursor: filter.cursor }),
  };
}

/** A moment with its zone, of one that was typed on this reader's clock. */
function moment(text: string | undefined): string | undefined {
  return text ? new Date(text).toISOString() : undefined;
}

function isSpan(value: unknown): value is Span {
  return typeof value === "string" && Object.hasOwn(SPANS, value);
}
