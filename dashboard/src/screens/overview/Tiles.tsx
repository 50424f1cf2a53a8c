import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { PlatformStats } from "../../api/client";
import { workersQuery, type Span } from "../../api/platform";
import { useSpeech } from "../../i18n";
import { usePlatform } from "../../live/platform";

/** The numbers that matter most, live where the stream tells them. */
export function Tiles({ stats, span }: { stats: PlatformStats; span: Span }) {
  const { t, format } = useSpeech();
  const { event } = usePlatform();
  const workers = useQuery(workersQuery);
  const words = t.overview.tiles;
  const work = span === "hour" ? stats.last_hour : stats.last_day;
  const backlog = event ? event.backlog : stats.backlog;
  const attempts = Object.values(work.outcomes).reduce((sum, count) => sum + count, 0);
  const time = (ms: number | undefined) => (ms === undefined ? "–" : format.time(ms));
  return (
    <ul className="tiles">
      <Tile name={words.rate} value={format.rate(work.per_minute)} detail={words.ended(format.number(work.ended))} />
      <Tile
        name={words.failed}
        value={format.number(work.failed)}
        detail={words.failedShare(format.share(attempts === 0 ? 0 : work.failed / attempts))}
        tone={work.failed > 0 ? "bad" : undefined}
      />
      <Tile
        name={words.waiting}
        value={<Link to="/queues">{backlog ? format.number(backlog.ready) : "?"}</Link>}
        detail={backlog ? words.waitingDelayed(format.number(backlog.delayed)) : t.overview.unknown}
      />
      <Tile
        name={words.running}
        value={
          <Link to="/jobs" search={{ state: "running" }}>
            {backlog ? format.number(backlog.running) : "?"}
          </Link>
        }
        detail={workers.data && <Link to="/workers">{words.runningOn(format.number(workers.data.data.length))}</Link>}
      />
      <Tile name={words.wait} value={time(work.waiting.p95)} detail={words.half(time(work.waiting.p50))} />
      <Tile name={words.run} value={time(work.running.p95)} detail={words.half(time(work.running.p50))} />
    </ul>
  );
}

function Tile(props: { name: string; value: ReactNode; detail?: ReactNode; tone?: "bad" | undefined }) {
  return (
    <li className={`tile ${props.tone ?? ""}`}>
      <p className="tile-name">{props.name}</p>
      <p className="tile-value">{props.value}</p>
      <p className="quiet">{props.detail ?? "\u00a0"}</p>
    </li>
  );
}
