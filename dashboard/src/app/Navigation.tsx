import { Link, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import {
  FailuresIcon,
  ImageIcon,
  JobsIcon,
  OverviewIcon,
  QueuesIcon,
  SchedulesIcon,
  WorkersIcon,
} from "../components/icons";
import { placeNames } from "../components/KeyHelp";
import { useSpeech } from "../i18n";
import { usePlatform } from "../live/platform";
import { PLACES, type PlaceKey } from "./keys";

const SIGNS = {
  o: OverviewIcon,
  q: QueuesIcon,
  j: JobsIcon,
  f: FailuresIcon,
  s: SchedulesIcon,
  w: WorkersIcon,
  m: ImageIcon,
};

export function Navigation() {
  const { t } = useSpeech();
  const names = placeNames(t);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a narrow screen the places are a row that is longer than the screen.
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [path]);
  return (
    <nav ref={list} className="places" aria-label={t.app.navigation}>
      {(Object.keys(PLACES) as PlaceKey[]).map((key) => {
        const Sign = SIGNS[key];
        return (
          <Link key={key} to={PLACES[key]} activeOptions={{ exact: key === "o", includeSearch: false }}>
            <Sign />
            <span>{names[key]}</span>
            {key === "o" && <Alarm />}
          </Link>
        );
      })}
    </nav>
  );
}

/** How many things are wrong now, where there is any. */
function Alarm() {
  const { t, format } = useSpeech();
  const alerts = usePlatform().event?.alerts.filter(({ severity }) => severity !== "info") ?? [];
  if (alerts.length === 0) return null;
  const isCritical = alerts.some(({ severity }) => severity === "critical");
  const count = format.number(alerts.length);
  return (
    <span className={`alarm ${isCritical ? "bad" : "busy"}`} title={t.alerts.count(count)}>
      {count}
    </span>
  );
}
