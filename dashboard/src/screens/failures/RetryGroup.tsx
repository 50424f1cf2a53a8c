import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import type { FailureGroup } from "../../api/client";
import { actOnJobs, findJobs, MOST_SELECTED } from "../../api/jobs";
import { Absence } from "../../components/Absence";
import { Confirm } from "../../components/Confirm";
import { useSpeech } from "../../i18n";

/** Retries the jobs of a group that failed for good, after saying how many they are. */
export function RetryGroup({ group, onClose }: { group: FailureGroup; onClose: (message?: string) => void }) {
  const { t, format } = useSpeech();
  const queries = useQueryClient();
  const found = useQuery({
    queryKey: ["group", group.fingerprint],
    queryFn: () => findJobs({ error: group.fingerprint, state: "dead,quarantined" }),
    staleTime: 0,
    gcTime: 0,
  });
  const retry = useMutation({
    mutationFn: (ids: string[]) => actOnJobs("retry", ids),
    onSuccess: ({ meta }) => {
      void queries.invalidateQueries({ queryKey: ["jobs"] });
      const done = t.jobs.done.retry(format.number(meta.done));
      onClose(meta.refused > 0 ? `${done} ${t.jobs.refused(format.number(meta.refused))}` : done);
    },
  });
  const ids = found.data?.map(({ id }) => id) ?? [];
  const count = format.number(ids.length);
  const title = found.data ? (ids.length > 0 ? t.failures.ask(count) : t.failures.none) : t.failures.looking;
  return (
    <Confirm
      title={title}
      action={ids.length > 0 ? t.jobs.confirm.retry(count) : undefined}
      isPending={retry.isPending}
      error={retry.error}
      onConfirm={() => retry.mutate(ids)}
      onClose={() => onClose()}
    >
      <p className="reason">
        {t.classes[group.class] ?? group.class}
        <span className="reason-detail" lang="en">
          {group.message}
        </span>
      </p>
      <Absence query={found}>
        <p>{ids.length > 0 ? t.failures.askHint(count) : t.failures.noneHint}</p>
        {ids.length === MOST_SELECTED && <p>{t.failures.askMost(count)}</p>}
      </Absence>
    </Confirm>
  );
}
