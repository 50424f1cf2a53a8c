import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import type { Media } from "../api/client";
import { CHECKS, type CheckName, type Health } from "../api/health";
import { healthQuery, mediaQuery } from "../api/queries";
import { useTitle } from "../app/title";
import { jobIdIn } from "../app/typed";
import { CheckIcon, CrossIcon, DashIcon } from "../components/icons";
import { Empty } from "../components/Empty";
import { MediaRow } from "../components/MediaRow";
import { Trouble } from "../components/Trouble";
import { useSpeech } from "../i18n";

const LATEST = 5;

export function Overview() {
  const { t } = useSpeech();
  useTitle(t.app.overview);
  return (
    <>
      <h1 tabIndex={-1}>{t.app.overview}</h1>
      <HealthPanel />
      <div className="columns">
        <Failures />
        <Recent />
      </div>
      <FindJob />
    </>
  );
}

function HealthPanel() {
  const { t, format } = useSpeech();
  const { data, error, refetch } = useQuery(healthQuery);
  if (!data) {
    return error ? <Trouble error={error} onRetry={() => void refetch()} /> : <p className="quiet">{t.app.loading}</p>;
  }
  const down = CHECKS.filter((name) => data.checks[name]?.status === "down");
  const names = format.list(down.map((name) => t.health.checks[name].name));
  return (
    <section aria-labelledby="health" className="section">
      <h2 id="health">{t.health.title}</h2>
      <div className="health-line">
        <p className={`health-sum ${down.length ? "bad" : "good"}`} role="status">
          {down.length ? t.health.someDown(names) : t.health.allUp}
        </p>
        <p className="quiet">
          {t.health.version} {data.version} · {t.health.uptime} {format.duration(data.uptimeSeconds * 1000)}
        </p>
      </div>
      <ul className="checks">
        {CHECKS.map((name) => (
          <CheckCard key={name} name={name} health={data} />
        ))}
      </ul>
    </section>
  );
}

const SIGNS = { up: CheckIcon, down: CrossIcon, disabled: DashIcon };

function CheckCard({ name, health }: { name: CheckName; health: Health }) {
  const { t, format } = useSpeech();
  const check = health.checks[name];
  if (!check) return null;
  const Sign = SIGNS[check.status];
  return (
    <li className={`check ${check.status}`}>
      <span className="check-sign">
        <Sign />
      </span>
      <div>
        <p className="check-name">{t.health.checks[name].name}</p>
        <p className="quiet">{t.health.checks[name].role}</p>
        <p>
          {t.health.status[check.status]}
          {check.status === "up" && check.latencyMs !== undefined && (
            <span className="quiet"> · {t.health.latency(format.duration(check.latencyMs))}</span>
          )}
        </p>
        {check.status === "down" && <p className="reason">{t.health.consequences[name]}</p>}
      </div>
    </li>
  );
}

function Failures() {
  const { t } = useSpeech();
  const query = useQuery(mediaQuery({ state: "failed" }, LATEST));
  return (
    <section aria-labelledby="failures" className="section">
      <h2 id="failures">{t.overview.failures}</h2>
      {query.data?.data.length ? (
        <>
          <Rows media={query.data.data} />
          <Link to="/media" search={{ state: "failed" }} className="more">
            {t.overview.allFailed}
          </Link>
        </>
      ) : (
        <Absence query={query} title={t.overview.noFailures} hint={t.overview.noFailuresHint} />
      )}
    </section>
  );
}

function Recent() {
  const { t } = useSpeech();
  const query = useQuery(mediaQuery({}, LATEST));
  return (
    <section aria-labelledby="recent" className="section">
      <h2 id="recent">{t.overview.recent}</h2>
      {query.data?.data.length ? (
        <Rows media={query.data.data} />
      ) : (
        <Absence query={query} title={t.media.empty} hint={t.media.emptyHint} />
      )}
      <Link to="/media" className="more">
        {t.overview.all}
      </Link>
    </section>
  );
}

function Rows({ media }: { media: Media[] }) {
  return (
    <ul className="rows">
      {media.map((each) => (
        <MediaRow key={each.id} media={each} />
      ))}
    </ul>
  );
}

/** Why there are no rows: none yet, none at all, or none to be had. */
function Absence(props: {
  query: { data: unknown; error: unknown; refetch: () => unknown };
  title: string;
  hint: string;
}) {
  const { t } = useSpeech();
  if (props.query.data) return <Empty title={props.title} hint={props.hint} />;
  if (props.query.error) return <Trouble error={props.query.error} onRetry={() => void props.query.refetch()} />;
  return <p className="quiet">{t.app.loading}</p>;
}

function FindJob() {
  const { t } = useSpeech();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [isBad, setBad] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const jobId = jobIdIn(text);
    setBad(!jobId);
    if (jobId) void navigate({ to: "/jobs/$jobId", params: { jobId } });
  };
  return (
    <section aria-labelledby="find" className="section">
      <h2 id="find">{t.overview.findJob}</h2>
      <form className="find" onSubmit={submit} noValidate>
        <label htmlFor="job-id">{t.overview.jobId}</label>
        <div className="with-button">
          <input
            id="job-id"
            className="mono"
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
            aria-invalid={isBad}
            aria-describedby="job-id-trouble"
          />
          <button type="submit">{t.overview.open}</button>
        </div>
        <p id="job-id-trouble" className="field-trouble" role="alert">
          {isBad && t.overview.badId}
        </p>
      </form>
    </section>
  );
}
