import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { answered, client } from "../api/client";
import { SPANS, statsQuery, type Span } from "../api/platform";
import { QUIET_MS } from "../api/queries";
import { Absence } from "../components/Absence";
import { Alerts } from "../components/Alerts";
import { Choice } from "../components/Choice";
import { PageHead } from "../components/PageHead";
import { Parts } from "../components/Parts";
import { useSpeech } from "../i18n";
import { usePlatform } from "../live/platform";
import { KindTable } from "./overview/KindTable";
import { SeriesCharts } from "./overview/SeriesCharts";
import { Tiles } from "./overview/Tiles";

export function Overview() {
  const { t } = useSpeech();
  const [span, setSpan] = useState<Span>("hour");
  const stats = useQuery(statsQuery);
  return (
    <>
      <PageHead title={t.app.overview}>
        <Choice
          label={t.overview.span}
          values={SPANS}
          chosen={span}
          wordOf={(each) => t.overview.spans[each]}
          onChoose={setSpan}
        />
      </PageHead>
      <CurrentAlerts />
      {stats.data ? <Tiles stats={stats.data} span={span} /> : <Absence query={stats} />}
      <SeriesCharts span={span} />
      <section aria-labelledby="kinds" className="section">
        <h2 id="kinds">{t.overview.kinds}</h2>
        {stats.data ? <KindTable stats={stats.data} span={span} /> : <Absence query={stats} />}
      </section>
      <section aria-labelledby="parts" className="section">
        <h2 id="parts">{t.overview.parts}</h2>
        <Parts />
      </section>
    </>
  );
}

/** From the stream; while there is none, asked for. */
function CurrentAlerts() {
  const { t } = useSpeech();
  const { event, connection } = usePlatform();
  const query = useQuery({
    queryKey: ["alerts"],
    queryFn: ({ signal }) => answered(client.GET("/api/v1/alerts", { signal })),
    enabled: connection !== "live",
    refetchInterval: QUIET_MS,
  });
  const alerts = (connection === "live" ? event?.alerts : undefined) ?? query.data?.data ?? event?.alerts;
  return (
    <section aria-labelledby="now" className="section first">
      <h2 id="now" className="unseen">
        {t.overview.now}
      </h2>
      {alerts ? <Alerts alerts={alerts} /> : <Absence query={query} />}
    </section>
  );
}
