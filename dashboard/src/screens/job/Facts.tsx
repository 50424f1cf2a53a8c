import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { Job } from "../../api/client";
import { Ago, Ahead } from "../../components/Ago";
import { WorkerName } from "../../components/WorkerName";
import { useSpeech } from "../../i18n";

/** What is known of a job, line by line. */
export function Facts({ job }: { job: Job }) {
  const { t, format } = useSpeech();
  const { facts } = t.job;
  const rows: [string, ReactNode][] = [
    [facts.attempts, t.job.attempts(format.number(job.attempt), format.number(job.max_attempts))],
    [facts.crashes, job.crashes > 0 && format.number(job.crashes)],
    [
      facts.queue,
      <Link to="/jobs" search={{ queue: job.queue }}>
        {job.queue}
      </Link>,
    ],
    [facts.priority, String(job.priority)],
    [facts.worker, job.worker && <WorkerName id={job.worker} />],
    [facts.created, <Ago at={job.created_at} />],
    [facts.runAt, !job.finished && Date.parse(job.run_at) > Date.now() && <Ahead at={job.run_at} />],
    [facts.started, job.started_at && format.moment(job.started_at)],
    [facts.finished, job.finished_at && format.moment(job.finished_at)],
    [facts.duration, job.duration_ms !== undefined && format.duration(job.duration_ms)],
    [facts.timeout, format.duration(job.timeout_ms)],
    [facts.cancel, job.cancel_requested_at && <Ago at={job.cancel_requested_at} />],
    [facts.unique, job.unique_key && <span className="mono">{job.unique_key}</span>],
    [
      facts.schedule,
      job.schedule_id && (
        <Link to="/schedules/$scheduleId" params={{ scheduleId: job.schedule_id }}>
          {t.job.openSchedule}
        </Link>
      ),
    ],
    [facts.id, <span className="mono">{job.id}</span>],
  ];
  return (
    <section aria-labelledby="facts" className="section">
      <h2 id="facts">{t.job.about}</h2>
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
