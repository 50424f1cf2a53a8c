import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import type { Job, JobAttempt } from "../../api/client";
import { attemptsQuery } from "../../api/jobs";
import { Absence } from "../../components/Absence";
import { Ago, Ahead } from "../../components/Ago";
import type { Tone } from "../../components/Badge";
import { FailureWords } from "../../components/MediaRow";
import { WorkerName } from "../../components/WorkerName";
import { useSpeech } from "../../i18n";
import { Log } from "./Log";

/** What happened to a job, the latest first, back to its acceptance. */
export function Timeline({ job }: { job: Job }) {
  const { t } = useSpeech();
  const query = useInfiniteQuery(attemptsQuery(job.id));
  const attempts = query.data?.pages.flatMap(({ data }) => data) ?? [];
  const longest = Math.max(1, job.duration_ms ?? 0, ...attempts.map(tookOf));
  return (
    <section aria-labelledby="history" className="section">
      <h2 id="history">{t.job.history}</h2>
      {query.data ? (
        <ol className="history">
          <Now job={job} attempts={attempts} longest={longest} />
          {attempts.map((attempt) => (
            <Attempt
              key={`${attempt.generation} ${attempt.attempt} ${attempt.outcome} ${attempt.ended_at}`}
              attempt={attempt}
              longest={longest}
              isOfRetry={job.generation > 1}
            />
          ))}
          {query.hasNextPage && (
            <li className="quiet">
              <button type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t.job.older}
              </button>
            </li>
          )}
          <Moment at={job.created_at} tone="quiet">
            <strong>{t.job.accepted}</strong>
          </Moment>
        </ol>
      ) : (
        <Absence query={query} />
      )}
    </section>
  );
}

/** What the attempts do not tell: the one that runs, or the one that succeeded at once. */
function Now({ job, attempts, longest }: { job: Job; attempts: JobAttempt[]; longest: number }) {
  const { t, format } = useSpeech();
  const isTold = attempts.some(({ generation, attempt }) => generation === job.generation && attempt === job.attempt);
  if (job.state === "running" && job.started_at) {
    return (
      <Moment at={job.started_at} tone="busy" worker={job.worker}>
        <strong>{t.job.attempt(format.number(job.attempt))}</strong> {t.job.runs}
      </Moment>
    );
  }
  if (job.finished && job.finished_at && !isTold) {
    const tone = job.state === "completed" ? "good" : job.state === "cancelled" ? "quiet" : "bad";
    return (
      <Moment at={job.finished_at} tone={tone} worker={job.worker} took={job.duration_ms} longest={longest}>
        {job.attempt > 0 && <strong>{t.job.attempt(format.number(job.attempt))} </strong>}
        {t.job.outcomes[job.state]}
      </Moment>
    );
  }
  if (!job.finished && Date.parse(job.run_at) > Date.now()) {
    return (
      <Moment at={job.run_at} tone="quiet" isAhead>
        <strong>{t.job.next}</strong>
      </Moment>
    );
  }
  return null;
}

const TONES: Record<string, Tone> = { completed: "good", cancelled: "quiet", snoozed: "quiet", stale: "quiet" };

function Attempt(props: { attempt: JobAttempt; longest: number; isOfRetry: boolean }) {
  const { t, format } = useSpeech();
  const { attempt, longest, isOfRetry } = props;
  return (
    <Moment
      at={attempt.ended_at}
      tone={TONES[attempt.outcome] ?? "bad"}
      worker={attempt.worker}
      took={attempt.started_at ? tookOf(attempt) : undefined}
      longest={longest}
    >
      <strong>{t.job.attempt(format.number(attempt.attempt))}</strong>{" "}
      {t.job.outcomes[attempt.outcome] ?? attempt.outcome}
      {isOfRetry && <span className="quiet"> · {t.job.round(format.number(attempt.generation))}</span>}
      {attempt.error && <FailureWords failure={attempt.error} />}
      <Log lines={attempt.log} />
    </Moment>
  );
}

function Moment(props: {
  at: string;
  tone: Tone;
  worker?: string | undefined;
  took?: number | undefined;
  longest?: number;
  isAhead?: boolean;
  children: ReactNode;
}) {
  const { format } = useSpeech();
  const { at, tone, worker, took, longest = 1, isAhead, children } = props;
  return (
    <li className={tone}>
      <div>{children}</div>
      <p className="quiet">
        <span title={format.moment(at)}>{format.clock(at)}</span> · {isAhead ? <Ahead at={at} /> : <Ago at={at} />}
        {took !== undefined && ` · ${format.duration(took)}`}
        {worker && (
          <>
            {" · "}
            <WorkerName id={worker} />
          </>
        )}
      </p>
      {took !== undefined && <progress className="took" value={took} max={longest} aria-hidden="true" />}
    </li>
  );
}

function tookOf({ started_at: from, ended_at: to }: JobAttempt): number {
  return from ? Math.max(Date.parse(to) - Date.parse(from), 0) : 0;
}
