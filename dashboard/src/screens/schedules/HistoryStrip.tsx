import type { ScheduleRun } from "../../api/client";
import { STRIP_LENGTH } from "../../api/schedules";
import type { Tone } from "../../components/Badge";
import { useSpeech, type Messages } from "../../i18n";

/** A mark for each of the latest ticks, the newest last. */
export function HistoryStrip({ name, runs }: { name: string; runs: ScheduleRun[] }) {
  const { t, format } = useSpeech();
  if (runs.length === 0) return <p className="quiet">{t.schedules.noHistory}</p>;
  const shown = runs.slice(0, STRIP_LENGTH).reverse();
  return (
    <ol className="strip-marks" aria-label={t.schedules.historyOf(name)}>
      {shown.map((run) => (
        <li key={run.tick + String(run.manual)} className={runTone(run)}>
          <span className="unseen">{`${format.moment(run.tick)}: ${runWord(run, t)}`}</span>
          <span className="mark-bar" title={`${format.moment(run.tick)}: ${runWord(run, t)}`} />
        </li>
      ))}
    </ol>
  );
}

/** How a tick went: by its job where there is one. */
export function runTone({ outcome, job_state: state }: ScheduleRun): Tone {
  if (outcome === "missed" || outcome === "refused") return "bad";
  if (outcome === "overlapped") return "quiet";
  if (state === "dead" || state === "quarantined") return "bad";
  if (state === "cancelled") return "quiet";
  return state === "completed" || state === undefined ? "good" : "busy";
}

export function runWord({ outcome, job_state: state }: ScheduleRun, t: Messages): string {
  return outcome === "enqueued" && state ? t.job.states[state].name : t.schedules.outcomes[outcome];
}
