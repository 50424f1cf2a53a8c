import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import type { Schedule, ScheduleRun } from "../api/client";
import { previewQuery, runsQuery, scheduleQuery } from "../api/schedules";
import { useTitle } from "../app/title";
import { Absence } from "../components/Absence";
import { Ahead } from "../components/Ago";
import { Badge, JobBadge } from "../components/Badge";
import { Empty } from "../components/Empty";
import { Table, type Column } from "../components/Table";
import { useSpeech } from "../i18n";
import { Document } from "./job/Document";
import { ScheduleState } from "./SchedulesScreen";
import { runTone, runWord } from "./schedules/HistoryStrip";
import { ScheduleActions } from "./schedules/ScheduleActions";
import { ScheduleFacts } from "./schedules/ScheduleFacts";

const RUNS = 50;

export function ScheduleScreen({ id }: { id: string }) {
  const { t } = useSpeech();
  const query = useQuery(scheduleQuery(id));
  useTitle(query.data?.definition.name ?? t.schedules.title);
  return (
    <>
      <p className="crumb">
        <Link to="/schedules">← {t.schedules.back}</Link>
      </p>
      {query.data ? (
        <SchedulePage schedule={query.data} />
      ) : (
        <>
          <h1 tabIndex={-1}>{t.schedules.title}</h1>
          <Absence query={query} />
        </>
      )}
    </>
  );
}

function SchedulePage({ schedule }: { schedule: Schedule }) {
  const { t, language } = useSpeech();
  return (
    <>
      <div className="page-head">
        <div>
          <div className="job-head">
            <h1 tabIndex={-1}>{schedule.definition.name}</h1>
            <ScheduleState schedule={schedule} />
          </div>
          <p className="lead">{schedule.sentence?.[language]}</p>
        </div>
        <ScheduleActions schedule={schedule} />
      </div>
      <div className="job-columns">
        <Past schedule={schedule} />
        <div>
          <Upcoming id={schedule.id} />
          <ScheduleFacts schedule={schedule} />
          <Document title={t.schedules.facts.payload} value={schedule.definition.job.payload} />
        </div>
      </div>
    </>
  );
}

function Upcoming({ id }: { id: string }) {
  const { t, format } = useSpeech();
  const query = useQuery(previewQuery(id));
  const words = t.schedules;
  return (
    <section aria-labelledby="upcoming" className="section">
      <h2 id="upcoming">{words.upcoming}</h2>
      {query.data && query.data.runs.length > 0 ? (
        <div className="panel">
          <p className="quiet">{words.local(query.data.zone)}</p>
          <ol className="upcoming">
            {query.data.runs.map((run) => (
              <li key={run.at}>
                <span title={format.moment(run.at)}>{run.local.slice(0, 19).replace("T", " ")}</span>
                {run.effect && <span className="pill">{words.shift[run.effect]}</span>}
                <span className="quiet">
                  <Ahead at={run.at} />
                </span>
              </li>
            ))}
          </ol>
        </div>
      ) : (
        <Absence query={query}>
          <Empty title={words.noUpcoming} hint={words.noUpcomingHint} />
        </Absence>
      )}
    </section>
  );
}

function Past({ schedule }: { schedule: Schedule }) {
  const { t, format } = useSpeech();
  const query = useQuery(runsQuery(schedule.id, RUNS));
  const words = t.schedules;
  const columns = useMemo(
    (): Column<ScheduleRun>[] => [
      {
        id: "title",
        header: words.columns.tick,
        isPlain: true,
        cell: ({ tick, manual, ticks }) => (
          <>
            {format.moment(tick)}
            {manual && <span className="pill">{words.manual}</span>}
            {ticks > 1 && <span className="pill">{words.ticks(format.number(ticks))}</span>}
          </>
        ),
      },
      {
        id: "state",
        header: words.columns.outcome,
        isPlain: true,
        cell: (run) =>
          run.outcome === "enqueued" && run.job_state ? (
            <JobBadge state={run.job_state} />
          ) : (
            <>
              <Badge tone={runTone(run)}>{runWord(run, t)}</Badge>
              {run.message && (
                <span className="quiet" lang="en">
                  {" "}
                  {run.message}
                </span>
              )}
            </>
          ),
      },
      {
        id: "late",
        header: words.columns.late,
        isNumber: true,
        cell: ({ lateness_ms: late }) => format.time(Math.max(late, 0)),
      },
      {
        id: "job",
        header: words.columns.job,
        cell: ({ job_id: job }) =>
          job && job !== "" ? (
            <Link to="/jobs/$jobId" params={{ jobId: job }} className="mono">
              {job.slice(-12)}
            </Link>
          ) : null,
      },
    ],
    [t, words, format],
  );
  return (
    <section aria-labelledby="past" className="section">
      <div className="section-head">
        <h2 id="past">{words.past}</h2>
        <Link to="/jobs" search={{ schedule: schedule.id }}>
          {words.jobs}
        </Link>
      </div>
      {query.data && query.data.data.length > 0 ? (
        <Table
          className="runs"
          label={words.past}
          columns={columns}
          rows={query.data.data}
          idOf={({ tick, manual }) => tick + String(manual)}
        />
      ) : (
        <Absence query={query}>
          <Empty title={words.noHistory} hint={schedule.sentence?.en ? words.lead : ""} />
        </Absence>
      )}
    </section>
  );
}
