import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import type { Job } from "../../api/client";
import { Ago } from "../../components/Ago";
import { JobBadge } from "../../components/Badge";
import { Table, type Column, type Selection } from "../../components/Table";
import { useSpeech } from "../../i18n";

interface Props {
  jobs: Job[];
  isStale: boolean;
  selection: Selection | undefined;
}

export function JobTable({ jobs, isStale, selection }: Props) {
  const { t, format } = useSpeech();
  const columns = useMemo((): Column<Job>[] => {
    const words = t.jobs.columns;
    return [
      {
        id: "title",
        header: words.job,
        isPlain: true,
        cell: ({ id, kind }) => (
          <Link to="/jobs/$jobId" params={{ jobId: id }} className="job-link">
            <span className="strong">{kind}</span> <span className="job-id">{id.slice(-12)}</span>
          </Link>
        ),
      },
      {
        id: "state",
        header: words.state,
        isPlain: true,
        cell: (job) => (
          <>
            <JobBadge state={job.state} />
            {job.progress && <progress value={job.progress.fraction} aria-label={t.job.progress} />}
            {job.cancel_requested_at && !job.finished && <span className="quiet"> {t.jobs.now}</span>}
          </>
        ),
      },
      { id: "queue", header: words.queue, cell: ({ queue }) => queue },
      {
        id: "attempts",
        header: words.attempts,
        isNumber: true,
        cell: ({ attempt, max_attempts: most }) => `${format.number(attempt)} / ${format.number(most)}`,
      },
      {
        id: "took",
        header: words.took,
        isNumber: true,
        cell: ({ duration_ms: took }) => (took === undefined ? "–" : format.time(took)),
      },
      { id: "accepted", header: words.accepted, cell: ({ created_at: at }) => <Ago at={at} /> },
      {
        id: "error",
        header: words.error,
        cell: ({ error }) =>
          error ? (
            <span className="job-error" title={error.message}>
              {t.classes[error.class] ?? error.class}
              <span className="quiet" lang="en">
                {" "}
                {error.message}
              </span>
            </span>
          ) : null,
      },
    ];
  }, [t, format]);
  return (
    <Table
      className="jobs"
      label={t.jobs.title}
      columns={columns}
      rows={jobs}
      idOf={({ id }) => id}
      selection={selection}
      isStale={isStale}
    />
  );
}
