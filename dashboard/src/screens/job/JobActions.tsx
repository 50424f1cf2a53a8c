import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import type { Job } from "../../api/client";
import { actOnJob, allows, ACTS, type Act } from "../../api/jobs";
import { useCanChange } from "../../app/role";
import { Confirm } from "../../components/Confirm";
import { useSpeech } from "../../i18n";
import { CopyCurl } from "./CopyCurl";

/** What can be done with the job as it stands; asked about first. */
export function JobActions({ job }: { job: Job }) {
  const { t } = useSpeech();
  const canChange = useCanChange();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<Act>();
  const change = useMutation({
    mutationFn: (act: Act) => actOnJob(act, job.id),
    onSuccess: async (_, act) => {
      setAsking(undefined);
      if (act === "delete") {
        await navigate({ to: "/jobs" });
        queries.removeQueries({ queryKey: ["job", job.id] });
      }
    },
    onSettled: (_, __, act) => {
      if (act === "delete") return;
      void queries.invalidateQueries({ queryKey: ["job", job.id] });
      void queries.invalidateQueries({ queryKey: ["attempts", job.id] });
    },
  });
  const close = () => {
    setAsking(undefined);
    change.reset();
  };
  return (
    <div className="page-actions">
      <CopyCurl id={job.id} />
      {canChange &&
        ACTS.filter((act) => allows(act, job)).map((act) => (
          <button key={act} type="button" disabled={change.isPending} onClick={() => setAsking(act)}>
            {t.jobs.acts[act]}
          </button>
        ))}
      {asking && (
        <Confirm
          title={t.job.ask[asking].title}
          action={t.jobs.acts[asking]}
          isGrave={asking !== "retry"}
          isPending={change.isPending}
          error={change.error}
          onConfirm={() => change.mutate(asking)}
          onClose={close}
        >
          <p>{t.job.ask[asking].hint}</p>
        </Confirm>
      )}
    </div>
  );
}
