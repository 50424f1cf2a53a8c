import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Schedule } from "../api/client";
import { runsQuery, schedulesQuery, type ScheduleFilter } from "../api/schedules";
import { Absence } from "../components/Absence";
import { Ahead } from "../components/Ago";
import { Badge } from "../components/Badge";
import { Empty } from "../components/Empty";
import { PageHead } from "../components/PageHead";
import { Pager } from "../components/Pager";
import { useSpeech } from "../i18n";
import { HistoryStrip } from "./schedules/HistoryStrip";
import { ScheduleActions } from "./schedules/ScheduleActions";

const CHOICES = [undefined, "true", "false"] as const;

export function SchedulesScreen({ filter }: { filter: ScheduleFilter }) {
  const { t } = useSpeech();
  const query = useQuery(schedulesQuery(filter));
  const words = t.schedules;
  return (
    <>
      <PageHead title={words.title} lead={words.lead}>
        <nav className="choice" aria-label={words.filter}>
          {CHOICES.map((enabled) => (
            <Link
              key={enabled ?? "all"}
              to="/schedules"
              search={{ enabled }}
              activeOptions={{ includeSearch: true, explicitUndefined: true }}
            >
              {enabled === undefined ? words.all : enabled === "true" ? words.active : words.paused}
            </Link>
          ))}
        </nav>
      </PageHead>
      {query.data && query.data.data.length > 0 ? (
        <ul className="schedules" aria-busy={query.isPlaceholderData}>
          {query.data.data.map((schedule) => (
            <ScheduleRow key={schedule.id} schedule={schedule} />
          ))}
        </ul>
      ) : (
        <Absence query={query}>
          <Empty title={filter.enabled ? words.emptyFilter : words.empty} hint={words.emptyHint} />
        </Absence>
      )}
      {query.data && <Pager links={query.data.links} to="/schedules" search={filter} />}
    </>
  );
}

function ScheduleRow({ schedule }: { schedule: Schedule }) {
  const { t, language, format } = useSpeech();
  const runs = useQuery(runsQuery(schedule.id));
  const { definition, sentence } = schedule;
  const words = t.schedules;
  return (
    <li className="panel schedule" aria-label={definition.name}>
      <div className="schedule-name">
        <h2>
          <Link to="/schedules/$scheduleId" params={{ scheduleId: schedule.id }}>
            {definition.name}
          </Link>
        </h2>
        <ScheduleState schedule={schedule} />
        {schedule.built_in && <span className="pill">{words.builtIn}</span>}
      </div>
      <div className="schedule-when">
        <p>{sentence?.[language]}</p>
        <p className="quiet mono">{definition.job.kind}</p>
      </div>
      <div className="schedule-next">
        <p className="quiet">{words.next}</p>
        <p>{schedule.next_run_at ? <Ahead at={schedule.next_run_at} /> : words.noNext}</p>
      </div>
      <div className="schedule-history">
        {schedule.failures > 0 && <p className="bad-number">{words.failing(format.number(schedule.failures))}</p>}
        {runs.data && <HistoryStrip name={definition.name} runs={runs.data.data} />}
      </div>
      <ScheduleActions schedule={schedule} />
    </li>
  );
}

export function ScheduleState({ schedule: { state } }: { schedule: Schedule }) {
  const { t } = useSpeech();
  const tone = state === "active" ? "good" : state === "paused" ? "busy" : "quiet";
  return <Badge tone={tone}>{t.schedules.states[state]}</Badge>;
}
