/** The steps of a series, with those in which nothing happened filled in. */

import type { QueueMinutes } from "../api/client";

type Step = QueueMinutes["data"][number];

export interface Steps {
  /** The start of each, in seconds since 1970. */
  times: number[];
  steps: (Step | undefined)[];
}

/** Every step from `from` to `to`, `minutes` long each and counted from 1970, as the API counts them. */
export function filled({ data, from, to }: QueueMinutes, minutes: number): Steps {
  const length = minutes * 60;
  const known = new Map(data.map((step) => [Date.parse(step.minute) / 1000, step]));
  const times: number[] = [];
  for (let at = Math.floor(Date.parse(from) / 1000 / length) * length; at < Date.parse(to) / 1000; at += length) times.push(at);
  return { times, steps: times.map((time) => known.get(time)) };
}
