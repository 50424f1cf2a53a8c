import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import type { KindStats, PlatformStats } from "../../api/client";
import type { Span } from "../../api/platform";
import { Empty } from "../../components/Empty";
import { Table, type Column } from "../../components/Table";
import { useSpeech } from "../../i18n";
import { usePlatform } from "../../live/platform";

const PERCENTILES = ["p50", "p95", "p99"] as const;

/** What happened to each kind, and what waits on its queue. */
export function KindTable({ stats, span }: { stats: PlatformStats; span: Span }) {
  const { t, format } = useSpeech();
  const queues = usePlatform().event?.queues;
  const columns = useMemo((): Column<KindStats>[] => {
    const words = t.overview.columns;
    const work = (kind: KindStats) => (span === "hour" ? kind.last_hour : kind.last_day);
    return [
      {
        id: "title",
        header: words.kind,
        isPlain: true,
        cell: ({ kind, queue }) => (
          <span className="kind-title">
            <Link to="/jobs" search={{ kind }} className="strong">
              {kind}
            </Link>
            <span className="quiet">{queue}</span>
          </span>
        ),
      },
      {
        id: "ready",
        header: words.ready,
        isNumber: true,
        cell: ({ queue }) => {
          const ready = queues?.find(({ name }) => name === queue)?.ready;
          return ready === undefined ? "–" : format.number(ready);
        },
      },
      { id: "rate", header: words.rate, isNumber: true, cell: (kind) => format.rate(work(kind).per_minute) },
      { id: "ended", header: words.ended, isNumber: true, cell: (kind) => format.number(work(kind).ended) },
      {
        id: "failed",
        header: words.failed,
        isNumber: true,
        cell: (kind) =>
          work(kind).failed > 0 ? (
            <Link to="/failures" search={{ kind: kind.kind }} className="bad-number">
              {format.number(work(kind).failed)}
            </Link>
          ) : (
            format.number(0)
          ),
      },
      ...(["waiting", "running"] as const).flatMap((part) =>
        PERCENTILES.map((percentile, place): Column<KindStats> => {
          const name = part === "waiting" ? words.wait : words.run;
          return {
            id: `${part}-${percentile}`,
            header: place === 0 ? `${name} ${percentile}` : percentile,
            label: `${name} ${percentile}`,
            isNumber: true,
            cell: (kind) => {
              const time = work(kind)[part][percentile];
              return time === undefined ? "–" : format.time(time);
            },
          };
        }),
      ),
    ];
  }, [t, format, span, queues]);
  if (stats.kinds.length === 0) return <Empty title={t.overview.noKinds} hint={t.overview.noKindsHint} />;
  return (
    <Table className="kinds" label={t.overview.kinds} columns={columns} rows={stats.kinds} idOf={({ queue, kind }) => `${queue} ${kind}`} />
  );
}
