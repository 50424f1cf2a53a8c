import type { ReactNode } from "react";

import type { Schedule } from "../../api/client";
import { useSpeech } from "../../i18n";

/** How a schedule is defined. */
export function ScheduleFacts({ schedule: { definition } }: { schedule: Schedule }) {
  const { t, format } = useSpeech();
  const { facts, overlap, missed } = t.schedules;
  const { timing, job } = definition;
  const seconds = (count: number | undefined) => (count ? format.duration(count * 1000) : undefined);
  const rows: [string, ReactNode][] = [
    [facts.kind, <span className="mono">{job.kind}</span>],
    [facts.timing, timing.cron && <span className="mono">{timing.cron}</span>],
    [facts.every, seconds(timing.every_s)],
    [facts.once, timing.once_at && format.moment(timing.once_at)],
    [facts.zone, timing.cron && timing.zone],
    [facts.overlap, definition.overlap && overlap[definition.overlap]],
    [facts.missed, definition.missed?.policy && missed[definition.missed.policy]],
    [facts.jitter, seconds(definition.jitter_s)],
    [facts.grace, seconds(definition.grace_s)],
  ];
  return (
    <section aria-labelledby="facts" className="section">
      <h2 id="facts">{t.schedules.about}</h2>
      <dl className="facts">
      {rows
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
