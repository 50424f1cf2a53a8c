import { useSyncExternalStore } from "react";

import { useSpeech } from "../i18n";

/** A moment as seen from now; the exact one on hover. */
export function Ago({ at }: { at: string }) {
  const { format } = useSpeech();
  const now = useSyncExternalStore(clock.subscribe, clock.now);
  return (
    <time dateTime={at} title={format.moment(at)}>
      {format.ago(at, Math.max(now, Date.parse(at)))}
    </time>
  );
}

const TICK_MS = 5_000;

/** One clock for all moments on the page. A server's clock that is ahead of this one is shown as now. */
const clock = (() => {
  const listeners = new Set<() => void>();
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = () => {
    now = Date.now();
    for (const listener of listeners) listener();
  };
  return {
    now: () => now,
    subscribe(listener: () => void) {
      listeners.add(listener);
      timer ??= setInterval(tick, TICK_MS);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
})();
