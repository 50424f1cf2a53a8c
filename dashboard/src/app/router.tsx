/** Every screen and its address, below `/dashboard`. */

import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";

import { readJobFilter } from "../api/jobFilter";
import type { FailureFilter } from "../api/platform";
import type { MediaFilter } from "../api/queries";
import type { ScheduleFilter } from "../api/schedules";
import { Defect } from "../components/Defect";
import { FailuresScreen } from "../screens/FailuresScreen";
import { JobScreen } from "../screens/JobScreen";
import { JobsScreen } from "../screens/JobsScreen";
import { MediaScreen } from "../screens/MediaScreen";
import { NotFound } from "../screens/NotFound";
import { Overview } from "../screens/Overview";
import { QueuesScreen } from "../screens/QueuesScreen";
import { ScheduleScreen } from "../screens/ScheduleScreen";
import { SchedulesScreen } from "../screens/SchedulesScreen";
import { WorkersScreen } from "../screens/WorkersScreen";
import { Frame } from "./Frame";

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound, errorComponent: Defect });

const overview = createRoute({ getParentRoute: () => root, path: "/", component: Overview });

const queues = createRoute({ getParentRoute: () => root, path: "/queues", component: QueuesScreen });

const workers = createRoute({ getParentRoute: () => root, path: "/workers", component: WorkersScreen });

const jobs = createRoute({
  getParentRoute: () => root,
  path: "/jobs",
  validateSearch: readJobFilter,
  component: function Jobs() {
    return <JobsScreen filter={jobs.useSearch()} />;
  },
});

const job = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$jobId",
  component: function Job() {
    const { jobId } = job.useParams();
    return <JobScreen key={jobId} id={jobId} />;
  },
});

const failures = createRoute({
  getParentRoute: () => root,
  path: "/failures",
  validateSearch: ({ kind, cursor }: Record<string, unknown>): FailureFilter => ({
    ...text("kind", kind),
    ...text("cursor", cursor),
  }),
  component: function Failures() {
    return <FailuresScreen filter={failures.useSearch()} />;
  },
});

const schedules = createRoute({
  getParentRoute: () => root,
  path: "/schedules",
  validateSearch: ({ enabled, cursor }: Record<string, unknown>): ScheduleFilter => ({
    ...((enabled === "true" || enabled === "false") && { enabled }),
    ...text("cursor", cursor),
  }),
  component: function Schedules() {
    return <SchedulesScreen filter={schedules.useSearch()} />;
  },
});

const schedule = createRoute({
  getParentRoute: () => root,
  path: "/schedules/$scheduleId",
  component: function Schedule() {
    const { scheduleId } = schedule.useParams();
    return <ScheduleScreen key={scheduleId} id={scheduleId} />;
  },
});

const media = createRoute({
  getParentRoute: () => root,
  path: "/media",
  validateSearch: readFilter,
  component: function Media() {
    return <MediaScreen filter={media.useSearch()} />;
  },
});

export const router = createRouter({
  routeTree: root.addChildren([overview, queues, jobs, job, failures, schedules, schedule, workers, media]),
  basepath: "/dashboard",
  scrollRestoration: true,
  defaultErrorComponent: Defect,
  // Addresses hold plain words: what looks like a number or a list stays text.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === "string");
    const text = new URLSearchParams(given).toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
    return text ? `?${text}` : "";
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

/** The filter in an address; what is not one of its words is left out. */
export function readFilter(search: Record<string, unknown>): MediaFilter {
  const { state, category, cursor } = search;
  return {
    ...((state === "processing" || state === "ready" || state === "failed") && { state }),
    ...((category === "image" || category === "audio") && { category }),
    ...text("cursor", cursor),
  };
}

/** A part of an address, if it says anything. */
function text<Name extends string>(name: Name, value: unknown): Partial<Record<Name, string>> {
  return typeof value === "string" && value !== "" ? ({ [name]: value } as Record<Name, string>) : {};
}
