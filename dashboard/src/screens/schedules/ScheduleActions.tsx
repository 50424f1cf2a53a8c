import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { Schedule } from "../../api/client";
import { pauseSchedule, runNow } from "../../api/schedules";
import { randomKey } from "../../app/randomKey";
import { useCanChange } from "../../app/role";
import { Reason } from "../../components/Trouble";
import { useSpeech } from "../../i18n";

/** Run now, pause, resume; and beneath what came of it. */
export function ScheduleActions({ schedule }: { schedule: Schedule }) {
  const { t } = useSpeech();
  const canChange = useCanChange();
  const queries = useQueryClient();
  const { id, state } = schedule;
  const { name } = schedule.definition;
  const words = t.schedules;
  const refresh = () =>
    Promise.all(
      [["schedules"], ["schedule", id], ["runs", id]].map((queryKey) => queries.invalidateQueries({ queryKey })),
    );
  const run = useMutation({ mutationFn: () => runNow(id, randomKey()), onSettled: refresh });
  const pause = useMutation({ mutationFn: (paused: boolean) => pauseSchedule(id, paused), onSettled: refresh });
  if (!canChange) return null;
  const error = run.error ?? pause.error;
  const isPaused = state === "paused";
  return (
    <div className="schedule-actions">
      <div className="cell-buttons">
        <button type="button" aria-label={words.runNowOf(name)} disabled={run.isPending} onClick={() => run.mutate()}>
          {words.runNow}
        </button>
        {state !== "finished" && (
          <button
            type="button"
            aria-label={(isPaused ? words.resumeOf : words.pauseOf)(name)}
            disabled={pause.isPending}
            onClick={() => pause.mutate(!isPaused)}
          >
            {isPaused ? words.resume : words.pause}
          </button>
        )}
      </div>
      <p role="status" className="quiet">
        {error ? <Reason error={error} /> : run.data && words.ranNow(name)}
        {!error && run.data?.job_id && (
          <>
            {" "}
            <Link to="/jobs/$jobId" params={{ jobId: run.data.job_id }}>
              {words.openJob}
            </Link>
          </>
        )}
      </p>
    </div>
  );
}
