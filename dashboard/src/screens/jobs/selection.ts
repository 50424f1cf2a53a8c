/** Which jobs are selected, across pages; up to as many as one request acts on. */

import { useEffect, useMemo, useState } from "react";

import type { Job } from "../../api/client";
import { MOST_SELECTED } from "../../api/jobs";
import type { JobFilter } from "../../api/jobFilter";
import type { Selection } from "../../components/Table";
import { useSpeech } from "../../i18n";

export interface SelectedJobs {
  /** As they were last seen. */
  jobs: Job[];
  selection: Selection;
  /** Whether some could not be taken in. */
  isFull: boolean;
  add: (jobs: Job[]) => void;
  clear: () => void;
}

export function useSelectedJobs(filter: JobFilter, rows: Job[]): SelectedJobs {
  const { t } = useSpeech();
  const [chosen, setChosen] = useState<ReadonlyMap<string, Job>>(new Map());
  const [isFull, setFull] = useState(false);
  const { cursor: _, ...without } = filter;
  const name = JSON.stringify(without);
  // What another filter showed is no longer in sight, and must not be acted on unseen.
  useEffect(() => setChosen(new Map()), [name]);

  return useMemo(() => {
    const take = (jobs: Iterable<Job>) => {
      const next = new Map([...jobs].map((job) => [job.id, job]));
      setFull(next.size > MOST_SELECTED);
      setChosen(new Map([...next].slice(0, MOST_SELECTED)));
    };
    const seen = new Map(rows.map((job) => [job.id, job]));
    const jobs = [...chosen.values()].map((job) => seen.get(job.id) ?? job);
    return {
      jobs,
      isFull,
      selection: {
        value: Object.fromEntries(jobs.map(({ id }) => [id, true as const])),
        labelOf: (id) => t.jobs.selectJob(id),
        onChange: (value) => take(Object.keys(value).flatMap((id) => seen.get(id) ?? chosen.get(id) ?? [])),
      },
      add: (more) => take([...jobs, ...more]),
      clear: () => take([]),
    };
  }, [chosen, isFull, rows, t]);
}
