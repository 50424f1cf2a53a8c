import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import type { Queue } from "../api/client";
import { pauseQueue, queuesQuery } from "../api/platform";
import { Absence } from "../components/Absence";
import { Confirm } from "../components/Confirm";
import { Notice } from "../components/Notice";
import { PageHead } from "../components/PageHead";
import { useSpeech } from "../i18n";
import { QueueCard } from "./queues/QueueCard";

export function QueuesScreen() {
  const { t } = useSpeech();
  const query = useQuery(queuesQuery);
  const { change, asking, ask, done, dismiss } = usePausing();
  return (
    <>
      <PageHead title={t.queues.title} lead={t.queues.lead} />
      <Notice message={done} error={asking ? undefined : change.error} onDismiss={dismiss} />
      {query.data ? (
        <ul className="queues">
          {query.data.data.map((queue) => (
            <QueueCard
              key={queue.name}
              queue={queue}
              isBusy={change.isPending}
              onPause={() => ask(queue)}
              onResume={() => change.mutate({ queue, paused: false })}
            />
          ))}
        </ul>
      ) : (
        <Absence query={query} />
      )}
      {asking && (
        <Confirm
          title={t.queues.askPause(asking.name)}
          action={t.queues.pause}
          isPending={change.isPending}
          error={change.error}
          onConfirm={() => change.mutate({ queue: asking, paused: true })}
          onClose={dismiss}
        >
          <p>{t.queues.askPauseHint}</p>
        </Confirm>
      )}
    </>
  );
}

/** Pausing is asked about first; resuming harms nobody. */
function usePausing() {
  const { t } = useSpeech();
  const queries = useQueryClient();
  const [asking, setAsking] = useState<Queue>();
  const [done, setDone] = useState<string>();
  const change = useMutation({
    mutationFn: ({ queue, paused }: { queue: Queue; paused: boolean }) => pauseQueue(queue.name, paused),
    onSuccess: (_, { queue, paused }) => {
      setAsking(undefined);
      setDone(t.queues.done[paused ? "paused" : "resumed"](queue.name));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["queues"] }),
  });
  const dismiss = () => {
    setAsking(undefined);
    setDone(undefined);
    change.reset();
  };
  return { change, asking, ask: setAsking, done, dismiss };
}
