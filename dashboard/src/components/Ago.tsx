import { useSyncExternalStore } from "react";

import { useSpeech } from "../i18n";

/** A moment that has been, as seen from now; the exact one on hover. A server's clock that is ahead shows it as now. */
export function Ago({ at }: { at: string }) {
  return <Seen at={at} from={(now) => Math.max(now, Date.parse(at))} />;
}

/** A moment that is to come. */
export function Ahead({ at }: { at: string }) {
  return <Seen at={at} from={(now) => Math.min(now, Date.parse(at))} />;
}

function Seen({ at, from }: { at: string; from: (now: number) => number }) {
  const { format } = useSpeech();
  const now = useSyncExternalStore(clock.subscribe, clock.now);
  return (
    <time dateTime={at} title={format.moment(at)}>
      {format.ago(at, from(now))}
    </time>
  );
}

const TICK_MS = 5_000;

/** One clock for all moments on the page. */
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
