import { useQuery } from "@tanstack/react-query";

import { CHECKS, type CheckName, type Health } from "../api/health";
import { healthQuery } from "../api/queries";
import { useSpeech } from "../i18n";
import { Absence } from "./Absence";
import { CheckIcon, CrossIcon, DashIcon } from "./icons";

/** What the API depends on, part by part. */
export function Parts() {
  const { t, format } = useSpeech();
  const query = useQuery(healthQuery);
  const { data } = query;
  if (!data) return <Absence query={query} />;
  const down = CHECKS.filter((name) => data.checks[name]?.status === "down");
  const names = format.list(down.map((name) => t.health.checks[name].name));
  return (
    <>
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
          <Part key={name} name={name} health={data} />
        ))}
      </ul>
    </>
  );
}

const SIGNS = { up: CheckIcon, down: CrossIcon, disabled: DashIcon };

function Part({ name, health }: { name: CheckName; health: Health }) {
  const { t, format } = useSpeech();
  const check = health.checks[name];
  if (!check) return null;
  const Sign = SIGNS[check.status];
  const isUp = check.status === "up" && check.latencyMs !== undefined;
  return (
    <li className={`check ${check.status}`}>
      <span className="check-sign">
        <Sign />
      </span>
      <div>
        <p className="check-name">
          {t.health.checks[name].name} {check.status !== "up" && <span className="check-word">{t.health.status[check.status]}</span>}
        </p>
        <p className="quiet">
          {isUp ? <span className="unseen">{t.health.status.up}, </span> : null}
          {isUp ? t.health.latency(format.duration(check.latencyMs ?? 0)) : t.health.checks[name].role}
        </p>
        {check.status === "down" && <p className="reason">{t.health.consequences[name]}</p>}
      </div>
    </li>
  );
}
