import { Link, type LinkProps } from "@tanstack/react-router";

import type { Alert } from "../api/client";
import { useSpeech } from "../i18n";
import { Ago } from "./Ago";
import { CheckIcon } from "./icons";

/** What is wrong now, the most urgent first; or that nothing is. */
export function Alerts({ alerts }: { alerts: Alert[] }) {
  const { t, format } = useSpeech();
  if (alerts.length === 0) {
    return (
      <div className="calm">
        <span className="check-sign">
          <CheckIcon />
        </span>
        <div>
          <p className="calm-title">{t.overview.calm}</p>
          <p className="quiet">{t.overview.calmHint}</p>
        </div>
      </div>
    );
  }
  const notes = alerts.filter(({ severity }) => severity === "info");
  const urgent = alerts.filter(({ severity }) => severity !== "info");
  return (
    <>
      {urgent.length > 0 && <AlertList alerts={urgent} />}
      {notes.length > 0 && (
        <details className="notes" open={urgent.length === 0 && notes.length < 3}>
          <summary>{t.alerts.notes(format.number(notes.length))}</summary>
          <AlertList alerts={notes} />
        </details>
      )}
    </>
  );
}

function AlertList({ alerts }: { alerts: Alert[] }) {
  return (
    <ul className="alerts">
      {alerts.map((alert) => (
        <AlertRow key={`${alert.code} ${alert.subject}`} alert={alert} />
      ))}
    </ul>
  );
}

function AlertRow({ alert }: { alert: Alert }) {
  const { t } = useSpeech();
  const place = placeOf(alert.link);
  return (
    <li className={`alert ${alert.severity}`}>
      <span className="alert-severity">{t.alerts.severities[alert.severity]}</span>
      <div className="alert-words">
        <p className="alert-title">
          {t.alerts.codes[alert.code] ?? alert.code} <span className="mono">{alert.subject}</span>
        </p>
        <p className="quiet" lang="en">
          {alert.detail}
        </p>
      </div>
      <p className="alert-end quiet">
        {alert.since && (
          <span>
            {t.alerts.since} <Ago at={alert.since} />
          </span>
        )}
        {place && (
          <Link {...place} aria-label={t.alerts.lookAt(alert.subject)}>
            {t.alerts.look}
          </Link>
        )}
      </p>
    </li>
  );
}

/** The screen that shows what the API links to. */
export function placeOf(link: string): LinkProps | undefined {
  const url = new URL(link, "http://api");
  const [, , , resource, name] = url.pathname.split("/");
  if (resource === "queues") return { to: "/queues" };
  if (resource === "schedules" && name) return { to: "/schedules/$scheduleId", params: { scheduleId: name } };
  if (resource === "failures") return { to: "/failures", search: { kind: url.searchParams.get("kind") ?? undefined } };
  return undefined;
}
