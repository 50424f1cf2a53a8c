import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import { isFiltered, SPANS, STATES, statesIn, type JobFilter, type Span } from "../../api/jobFilter";
import { queuesQuery } from "../../api/platform";
import { useSpeech } from "../../i18n";
import { Moments } from "./Moments";

/** Every choice is in the address, so a filtered list can be shared. */
export function Filters({ filter }: { filter: JobFilter }) {
  const { t } = useSpeech();
  const navigate = useNavigate();
  const { data } = useQuery(queuesQuery);
  // Another filter starts at its first page.
  const change = (part: JobFilter) => void navigate({ to: "/jobs", search: { ...filter, cursor: undefined, ...part } });
  const queues = data?.data ?? [];
  const kinds = queues.filter(({ name }) => !filter.queue || name === filter.queue).flatMap(({ kinds }) => kinds);
  const time = filter.span ?? (filter.from || filter.before ? "between" : "");
  return (
    <section className="job-filters" aria-label={t.jobs.filter}>
      <States filter={filter} />
      <div className="filter-row">
        <Select
          label={t.jobs.queue}
          any={t.jobs.anyQueue}
          value={filter.queue}
          values={queues.map(({ name }) => name)}
          onChange={(queue) => change({ queue, kind: undefined })}
        />
        <Select
          label={t.jobs.kind}
          any={t.jobs.anyKind}
          value={filter.kind}
          values={kinds.sort()}
          onChange={(kind) => change({ kind })}
        />
        <select aria-label={t.jobs.time} value={time} onChange={(event) => change(timePart(event.target.value))}>
          <option value="">{t.jobs.anyTime}</option>
          {(Object.keys(SPANS) as Span[]).map((span) => (
            <option key={span} value={span}>
              {t.jobs.spans[span]}
            </option>
          ))}
          <option value="between">{t.jobs.between}</option>
        </select>
        {time === "between" && <Moments filter={filter} onChange={change} />}
        <Pills filter={filter} />
        {isFiltered(filter) && (
          <Link to="/jobs" search={{}} className="clear">
            {t.jobs.clear}
          </Link>
        )}
      </div>
    </section>
  );
}

function timePart(value: string): JobFilter {
  const nothing = { span: undefined, from: undefined, before: undefined };
  if (value === "between") return { ...nothing, from: new Date(Date.now() - 3_600_000).toISOString() };
  return { ...nothing, span: value === "" ? undefined : (value as Span) };
}

/** Each state is switched by itself; none stands for all. */
function States({ filter }: { filter: JobFilter }) {
  const { t } = useSpeech();
  const navigate = useNavigate();
  const chosen = statesIn(filter.state);
  const choose = (state: string | undefined) =>
    void navigate({ to: "/jobs", search: { ...filter, cursor: undefined, state } });
  return (
    <div className="choice states" role="group" aria-label={t.jobs.state}>
      <button type="button" aria-pressed={chosen.length === 0} onClick={() => choose(undefined)}>
        {t.jobs.anyState}
      </button>
      {STATES.map((state) => {
        const isChosen = chosen.includes(state);
        const next = STATES.filter((each) => (each === state ? !isChosen : chosen.includes(each))).join(",");
        return (
          <button key={state} type="button" aria-pressed={isChosen} onClick={() => choose(next || undefined)}>
            {t.job.states[state].name}
          </button>
        );
      })}
    </div>
  );
}

function Select(props: {
  label: string;
  any: string;
  value: string | undefined;
  values: string[];
  onChange: (value: string | undefined) => void;
}) {
  const { label, any, value, values, onChange } = props;
  const known = value && !values.includes(value) ? [value, ...values] : values;
  return (
    <select aria-label={label} value={value ?? ""} onChange={(event) => onChange(event.target.value || undefined)}>
      <option value="">{any}</option>
      {known.map((each) => (
        <option key={each}>{each}</option>
      ))}
    </select>
  );
}

/** What was chosen elsewhere: by a link from a failure or a schedule, or by finding. */
function Pills({ filter }: { filter: JobFilter }) {
  const { t } = useSpeech();
  return (["error", "schedule", "payload"] as const).map((name) => {
    const value = filter[name];
    if (!value) return null;
    const search = { ...filter, cursor: undefined, [name]: undefined };
    return (
      <span key={name} className="pill">
        {t.jobs[name]} <span className="mono">{value}</span>
        <Link to="/jobs" search={search} aria-label={t.jobs.removeFilter(t.jobs[name])}>
          ×
        </Link>
      </span>
    );
  });
}
