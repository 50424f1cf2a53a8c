import { useMutation, useQueryClient } from "@tanstack/react-query";

import type { Job } from "../../api/client";
import { actOnJobs, allows, type Act } from "../../api/jobs";
import { Confirm } from "../../components/Confirm";
import { useSpeech } from "../../i18n";

export interface Asked {
  act: Act;
  jobs: Job[];
}

/** Says how many of the selected jobs an act is for, and acts on these when that is confirmed. */
export function BulkConfirm({ asked: { act, jobs }, onClose }: { asked: Asked; onClose: (message?: string) => void }) {
  const { t, format } = useSpeech();
  const queries = useQueryClient();
  const words = t.jobs;
  const able = jobs.filter((job) => allows(act, job));
  const count = format.number(able.length);
  const left = jobs.length - able.length;
  const change = useMutation({
    mutationFn: () =>
      actOnJobs(
        act,
        able.map(({ id }) => id),
      ),
    onSuccess: ({ meta, data }) => {
      void queries.invalidateQueries({ queryKey: ["jobs"] });
      const first = data.find(({ error }) => error)?.error;
      const refused = meta.refused > 0 ? ` ${words.refused(format.number(meta.refused))} ${first?.detail ?? ""}` : "";
      onClose(words.done[act](format.number(meta.done)) + refused);
    },
  });
  return (
    <Confirm
      title={able.length > 0 ? words.ask[act](count) : words.nothing[act]}
      action={able.length > 0 ? words.confirm[act](count) : undefined}
      isGrave={act !== "retry"}
      isPending={change.isPending}
      error={change.error}
      onConfirm={() => change.mutate()}
      onClose={() => onClose()}
    >
      {able.length > 0 && <p>{words.asks[act](count)}</p>}
      {able.length > 0 && left > 0 && <p>{words.left(format.number(left))}</p>}
    </Confirm>
  );
}
