import { lazy, Suspense } from "react";

import type { Props } from "./Plot";

// The drawing code is asked for when a chart is shown, not with the first page.
const Plot = lazy(() => import("./Plot"));

/** Lines over time. */
export function Chart(props: Props) {
  return (
    <Suspense fallback={<div className="plot" />}>
      <Plot {...props} />
    </Suspense>
  );
}
