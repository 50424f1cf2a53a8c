/** Every screen and its address, below `/dashboard`. */

import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";

import type { MediaFilter } from "../api/queries";
import { Defect } from "../components/Defect";
import { JobScreen } from "../screens/JobScreen";
import { MediaScreen } from "../screens/MediaScreen";
import { NotFound } from "../screens/NotFound";
import { Overview } from "../screens/Overview";
import { Frame } from "./Frame";

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound, errorComponent: Defect });

const overview = createRoute({ getParentRoute: () => root, path: "/", component: Overview });

const media = createRoute({
  getParentRoute: () => root,
  path: "/media",
  validateSearch: readFilter,
  component: function Media() {
    return <MediaScreen filter={media.useSearch()} />;
  },
});

const job = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$jobId",
  component: function Job() {
    return <JobScreen id={job.useParams().jobId} />;
  },
});

export const router = createRouter({
  routeTree: root.addChildren([overview, media, job]),
  basepath: "/dashboard",
  scrollRestoration: true,
  defaultErrorComponent: Defect,
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
    ...(typeof cursor === "string" && cursor !== "" && { cursor }),
  };
}
