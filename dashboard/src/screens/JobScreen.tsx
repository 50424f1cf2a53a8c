import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Job } from "../api/client";
import { jobQuery } from "../api/jobs";
import { useTitle } from "../app/title";
import { Absence } from "../components/Absence";
import { JobBadge } from "../components/Badge";
import { FailureWords } from "../components/MediaRow";
import { useSpeech } from "../i18n";
import { useFollowJob } from "../live/job";
import { Artefacts } from "./job/Artefacts";
import { Facts } from "./job/Facts";
import { JobActions } from "./job/JobActions";
import { Payload } from "./job/Payload";
import { Document } from "./job/Document";
import { Timeline } from "./job/Timeline";

export function JobScreen({ id }: { id: string }) {
  const { t } = useSpeech();
  const query = useQuery(jobQuery(id));
  const job = query.data;
  useTitle(job ? job.kind : t.job.title);
  useFollowJob(id, job?.generation ?? 0);
  return (
    <>
      <p className="crumb">
        <Link to="/jobs">← {t.job.back}</Link>
      </p>
      {job ? (
        <JobPage job={job} />
      ) : (
        <>
          <h1 tabIndex={-1}>{t.job.title}</h1>
          <Absence query={query} />
        </>
      )}
    </>
  );
}

function JobPage({ job }: { job: Job }) {
  const { t } = useSpeech();
  return (
    <>
      <div className="page-head">
        <div>
          <div className="job-head">
            <h1 tabIndex={-1}>{job.kind}</h1>
            <JobBadge state={job.state} />
          </div>
          <p className="lead" role="status">
            {t.job.states[job.state].meaning}
          </p>
        </div>
        <JobActions job={job} />
      </div>
      {job.progress && <Progress progress={job.progress} />}
      {job.error && (
        <section aria-labelledby="error" className="section">
          <h2 id="error">{t.job.lastError}</h2>
          <div className="notice bad">
            <FailureWords failure={job.error} />
          </div>
        </section>
      )}
      <div className="job-columns">
        <div>
          <Artefacts job={job} />
          <Timeline job={job} />
        </div>
        <div>
          <Facts job={job} />
          <Payload job={job} />
          {job.result !== undefined && <Document title={t.job.result} value={job.result} />}
        </div>
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
