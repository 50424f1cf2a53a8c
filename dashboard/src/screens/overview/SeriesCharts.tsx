import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { SERIES, seriesQuery, type Span } from "../../api/platform";
import { Chart } from "../../charts/Chart";
import { filled } from "../../charts/series";
import { Absence } from "../../components/Absence";
import { Empty } from "../../components/Empty";
import { useSpeech } from "../../i18n";

/** How much, how often in vain, and how fast, over time. */
export function SeriesCharts({ span }: { span: Span }) {
  const { t, format } = useSpeech();
  const query = useQuery(seriesQuery(span));
  const words = t.overview;
  if (!query.data) return <Absence query={query} />;
  if (query.data.data.length === 0) return <Empty title={words.noChart} hint={words.noChartHint} />;
  const { step } = SERIES[span];
  const { times, steps } = filled(query.data, step);
  const rate = (count: number | undefined) => (count ?? 0) / step;
  const most = Math.max(...steps.map((each) => rate(each?.ended)));
  return (
    <div className="charts">
      <Panel title={words.throughput} unit={words.tiles.rate}>
        <Chart
          label={`${words.throughput}: ${words.spans[span]}, ≤ ${format.rate(most)}`}
          times={times}
          valueOf={format.rate}
          lines={[
            {
              name: words.completed,
              colour: "good",
              isFilled: true,
              values: steps.map((each) => rate(each?.outcomes.completed)),
            },
            { name: words.failures, colour: "bad", values: steps.map((each) => rate(each?.failed)) },
          ]}
        />
      </Panel>
      <Panel title={words.latency}>
        <Chart
          label={`${words.latency}: ${words.spans[span]}`}
          times={times}
          valueOf={format.time}
          lines={[
            { name: words.waitP95, colour: "busy", values: steps.map((each) => each?.waiting.p95) },
            { name: words.waitP50, colour: "busy", isDashed: true, values: steps.map((each) => each?.waiting.p50) },
            { name: words.runP95, colour: "accent", values: steps.map((each) => each?.running.p95) },
            { name: words.runP50, colour: "accent", isDashed: true, values: steps.map((each) => each?.running.p50) },
          ]}
        />
      </Panel>
    </div>
  );
}

function Panel({ title, unit, children }: { title: string; unit?: string; children: ReactNode }) {
  return (
    <section className="panel" aria-label={title}>
      <h2>
        {title} {unit && <span className="quiet">{unit}</span>}
      </h2>
      {children}
    </section>
  );
}
