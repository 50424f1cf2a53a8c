import { useMutation } from "@tanstack/react-query";

import { ACTS, findJobs, MOST_SELECTED } from "../../api/jobs";
import type { JobFilter } from "../../api/jobFilter";
import { Reason } from "../../components/Trouble";
import { useSpeech } from "../../i18n";
import type { Asked } from "./BulkConfirm";
import type { SelectedJobs } from "./selection";

interface Props {
  filter: JobFilter;
  selected: SelectedJobs;
  onAct: (asked: Asked) => void;
}

/** What can be done with the selected jobs; stays in sight while the list is scrolled. */
export function SelectionBar({ filter, selected, onAct }: Props) {
  const { t, format } = useSpeech();
  const most = format.number(MOST_SELECTED);
  const matching = useMutation({
    mutationFn: () => findJobs({ ...filter, cursor: undefined }),
    onSuccess: selected.add,
  });
  return (
    <div className="selection" role="region" aria-label={t.jobs.selected(format.number(selected.jobs.length))}>
      <p className="selection-count" role="status">
        {t.jobs.selected(format.number(selected.jobs.length))}
        {selected.isFull && <span className="quiet"> {t.jobs.tooMany(most)}</span>}
        {matching.error && <Reason error={matching.error} />}
      </p>
      <button type="button" className="plain" disabled={matching.isPending} onClick={() => matching.mutate()}>
        {matching.isPending ? t.jobs.gathering : t.jobs.selectMatching(most)}
      </button>
      <button type="button" className="plain" onClick={selected.clear}>
        {t.jobs.clearSelection}
      </button>
      <div className="selection-acts">
        {ACTS.map((act) => (
          <button key={act} type="button" onClick={() => onAct({ act, jobs: selected.jobs })}>
            {t.jobs.acts[act]}…
          </button>
        ))}
      </div>
    </div>
  );
}
