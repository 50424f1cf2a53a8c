import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";

import type { Job, JobAttempt } from "../api/client";
import { jobQuery, mediumQuery } from "../api/queries";
import { curlFor } from "../app/curl";
import { useTitle } from "../app/title";
import { Ago } from "../components/Ago";
import { JobBadge, MediaBadge } from "../components/Badge";
import { Empty } from "../components/Empty";
import { FailureWords, MediaWords } from "../components/MediaRow";
import { Thumbnail } from "../components/Thumbnail";
import { Trouble } from "../components/Trouble";
import { useSpeech } from "../i18n";

export function JobScreen({ id }: { id: string }) {
  const { t } = useSpeech();
  const { data: job, error, refetch } = useQuery(jobQuery(id));
  useTitle(job ? job.kind : t.job.title);
  return (
    <>
      <p className="crumb">
        <Link to="/media">← {t.job.back}</Link>
      </p>
      {job ? (
        <JobPage job={job} />
      ) : (
        <>
          <h1 tabIndex={-1}>{t.job.title}</h1>
          {error ? <Trouble error={error} onRetry={() => void refetch()} /> : <p className="quiet">{t.app.loading}</p>}
        </>
      )}
    </>
  );
}

function JobPage({ job }: { job: Job }) {
  const { t } = useSpeech();
  const mediaId = job.links.media?.slice(job.links.media.lastIndexOf("/") + 1);
  return (
    <>
      <div className="job-head">
        <h1 tabIndex={-1}>{job.kind}</h1>
        <JobBadge state={job.state} />
      </div>
      <p className="lead" role="status">
        {t.job.states[job.state].meaning}
      </p>
      {job.progress && <Progress progress={job.progress} />}
      {job.error && (
        <section aria-labelledby="error" className="section">
          <h2 id="error">{t.job.lastError}</h2>
          <div className="notice bad">
            <FailureWords failure={job.error} />
          </div>
        </section>
      )}
      <div className="columns">
        <div>
          <Facts job={job} />
          <CopyCurl id={job.id} />
        </div>
        {mediaId && <Artefact mediaId={mediaId} />}
      </div>
      <History job={job} />
      <div className="columns">
        <Document title={t.job.payload} value={job.payload} />
        {job.result !== undefined && <Document title={t.job.result} value={job.result} />}
      </div>
    </>
  );
}

function Progress({ progress: { fraction, message } }: { progress: NonNullable<Job["progress"]> }) {
  const { t, format } = useSpeech();
  return (
    <p className="progress">
      <progress value={fraction} aria-label={t.job.progress} /> {format.percent(fraction)}
      {message && ` · ${message}`}
    </p>
  );
}

function Facts({ job }: { job: Job }) {
  const { t, format } = useSpeech();
  const { facts } = t.job;
  const rows: [string, ReactNode][] = [
    [facts.attempts, t.job.attempts(format.number(job.attempt), format.number(job.max_attempts))],
    [facts.crashes, job.crashes > 0 && format.number(job.crashes)],
    [facts.queue, job.queue],
    [facts.worker, job.worker && <span className="mono">{job.worker}</span>],
    [facts.created, <Ago at={job.created_at} />],
    [facts.runAt, !job.finished && Date.parse(job.run_at) > Date.now() && format.moment(job.run_at)],
    [facts.started, job.started_at && format.moment(job.started_at)],
    [facts.finished, job.finished_at && format.moment(job.finished_at)],
    [facts.duration, job.duration_ms !== undefined && format.duration(job.duration_ms)],
    [facts.timeout, format.duration(job.timeout_ms)],
    [facts.cancel, job.cancel_requested_at && <Ago at={job.cancel_requested_at} />],
    [facts.id, <span className="mono">{job.id}</span>],
  ];
  return (
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
  );
}

/** What the job is about, as far as it can be shown. A file that is deleted is not shown. */
function Artefact({ mediaId }: { mediaId: string }) {
  const { t } = useSpeech();
  const { data: media } = useQuery(mediumQuery(mediaId));
  if (!media) return null;
  return (
    <section aria-labelledby="about" className="section">
      <h2 id="about">{t.job.about}</h2>
      <div className="artefact">
        <Thumbnail media={media} variant="large" />
        <div className="artefact-words">
          <MediaWords media={media} />
          <MediaBadge media={media} />
        </div>
      </div>
    </section>
  );
}

function History({ job }: { job: Job }) {
  const { t } = useSpeech();
  const attempts = job.attempts ?? [];
  return (
    <section aria-labelledby="history" className="section">
      <h2 id="history">{t.job.history}</h2>
      {attempts.length === 0 ? (
        <Empty title={t.job.noAttempts} hint={t.job.historyHint} />
      ) : (
        <ol className="history">
          {attempts.map((attempt, place) => (
            <AttemptRow key={place} attempt={attempt} />
          ))}
        </ol>
      )}
    </section>
  );
}

function AttemptRow({ attempt }: { attempt: JobAttempt }) {
  const { t, format } = useSpeech();
  const took = attempt.started_at ? Date.parse(attempt.ended_at) - Date.parse(attempt.started_at) : undefined;
  return (
    <li>
      <p>
        <strong>{t.job.attempt(format.number(attempt.attempt))}</strong>{" "}
        {t.job.outcomes[attempt.outcome] ?? attempt.outcome}
      </p>
      <p className="quiet">
        <Ago at={attempt.ended_at} />
        {took !== undefined && ` · ${format.duration(Math.max(took, 0))}`}
        {attempt.worker && (
          <>
            {" · "}
            <span className="mono">{attempt.worker}</span>
          </>
        )}
      </p>
      {attempt.error && <FailureWords failure={attempt.error} />}
    </li>
  );
}

function Document({ title, value }: { title: string; value: unknown }) {
  return (
    <section className="section" aria-label={title}>
      <h2>{title}</h2>
      <pre tabIndex={0} role="region" aria-label={title}>
        {JSON.stringify(value, null, 2)}
      </pre>
    </section>
  );
}

function CopyCurl({ id }: { id: string }) {
  const { t } = useSpeech();
  const [isCopied, setCopied] = useState(false);
  const [shown, setShown] = useState<string>();
  const copy = async () => {
    const line = curlFor(window.location.origin, id);
    try {
      await navigator.clipboard.writeText(line);
      setCopied(true);
    } catch {
      // A page that is not served by HTTPS or from this machine may not write to the clipboard.
      setShown(line);
    }
  };
  return (
    <p className="copy">
      <button type="button" onClick={() => void copy()} onBlur={() => setCopied(false)}>
        {isCopied ? t.job.copied : t.job.copyCurl}
      </button>
      {shown && <code className="mono">{shown}</code>}
    </p>
  );
}
