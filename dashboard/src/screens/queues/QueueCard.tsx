import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { Queue } from "../../api/client";
import { seriesQuery } from "../../api/platform";
import { useCanChange } from "../../app/role";
import { Sparkline } from "../../charts/Sparkline";
import { filled } from "../../charts/series";
import { Ago } from "../../components/Ago";
import { Badge } from "../../components/Badge";
import { useSpeech } from "../../i18n";
import { usePlatform } from "../../live/platform";

interface Props {
  queue: Queue;
  isBusy: boolean;
  onPause: () => void;
  onResume: () => void;
}

/** How full a queue is, how fast it goes, and the switch that stops it. */
export function QueueCard({ queue, isBusy, onPause, onResume }: Props) {
  const { t } = useSpeech();
  const canChange = useCanChange();
  const { name, paused } = queue;
  const words = t.queues;
  return (
    <li className={`panel queue ${paused ? "paused" : ""}`} aria-label={name}>
      <div className="queue-head">
        <h2>{name}</h2>
        <Badge tone={paused ? "busy" : "good"}>{paused ? words.paused : words.open}</Badge>
        {paused && queue.paused_at && (
          <span className="quiet">
            <Ago at={queue.paused_at} />
          </span>
        )}
        <Served count={queue.workers} />
        <div className="queue-actions">
          <Link to="/jobs" search={{ queue: name }} aria-label={words.jobsOf(name)}>
            {words.jobs}
          </Link>
          {canChange && (
            <button
              type="button"
              disabled={isBusy}
              aria-label={(paused ? words.resumeOf : words.pauseOf)(name)}
              onClick={paused ? onResume : onPause}
            >
              {paused ? words.resume : words.pause}
            </button>
          )}
        </div>
      </div>
      <Depth queue={queue} />
      <Rate name={name} />
      <Speed queue={queue} />
      <p className="quiet queue-kinds">
        {words.kinds}: <span className="mono">{queue.kinds.join(", ")}</span>
      </p>
    </li>
  );
}

function Served({ count }: { count: number | undefined }) {
  const { t, format } = useSpeech();
  if (count === undefined) return null;
  if (count === 0) return <span className="bad-number">{t.queues.noWorkers}</span>;
  return (
    <Link to="/workers" className="quiet">
      {t.queues.served(format.number(count))}
    </Link>
  );
}

/** Live where the stream tells it. */
function Depth({ queue }: { queue: Queue }) {
  const { t, format } = useSpeech();
  const live = usePlatform().event?.queues.find(({ name }) => name === queue.name);
  const words = t.queues;
  const { depth } = queue;
  const count = (value: number | undefined) => (value === undefined ? "?" : format.number(value));
  const oldest = live ? live.oldest_ready_at : depth?.oldest_ready_at;
  const isKnown = (live?.ready ?? depth?.ready) !== undefined;
  return (
    <dl className="figures">
      <Figure name={words.ready} value={count(live?.ready ?? depth?.ready)} />
      <Figure name={words.running} value={count(live?.running ?? depth?.running)} />
      <Figure name={words.delayed} value={count(live?.delayed ?? depth?.delayed)} />
      <Figure
        name={words.oldest}
        value={isKnown ? oldest ? <Age since={oldest} /> : "–" : "?"}
        detail={words.limit(format.time(queue.oldest_age_limit_seconds * 1000))}
      />
      {depth && depth.undecodable > 0 && (
        <p className="bad-number">{words.undecodable(format.number(depth.undecodable))}</p>
      )}
    </dl>
  );
}

/** A length of time since a moment, as of the latest news. */
function Age({ since }: { since: string }) {
  const { format } = useSpeech();
  const { event } = usePlatform();
  const now = event ? Date.parse(event.generated_at) : Date.now();
  return <span title={format.moment(since)}>{format.time(Math.max(now - Date.parse(since), 0))}</span>;
}

function Rate({ name }: { name: string }) {
  const { t, format } = useSpeech();
  const { data } = useQuery(seriesQuery("hour", name));
  const values = data ? filled(data, 1).steps.map((step) => step?.ended ?? 0) : [];
  return (
    <div className="queue-rate">
      <p className="quiet">
        {t.queues.chartTitle} <span className="queue-most">{t.queues.most(format.number(Math.max(...values, 0)))}</span>
      </p>
      <Sparkline values={values.length > 0 ? values : [0, 0]} label={t.queues.chart(name)} />
    </div>
  );
}

function Speed({ queue }: { queue: Queue }) {
  const { t, format } = useSpeech();
  const { last_hour: work } = queue;
  const time = (ms: number | undefined) => (ms === undefined ? "–" : format.time(ms));
  return (
    <dl className="figures small">
      <Figure name={t.queues.rate} value={format.rate(work.per_minute)} />
      <Figure
        name={t.queues.failed}
        value={work.failed > 0 ? <span className="bad-number">{format.number(work.failed)}</span> : format.number(0)}
      />
      <Figure name={t.queues.wait} value={time(work.waiting.p95)} />
      <Figure name={t.queues.run} value={time(work.running.p95)} />
    </dl>
  );
}

function Figure({ name, value, detail }: { name: string; value: ReactNode; detail?: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
      {detail && <dd className="quiet">{detail}</dd>}
    </div>
  );
}
