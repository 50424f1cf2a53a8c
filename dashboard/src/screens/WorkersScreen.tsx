import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import type { Worker } from "../api/client";
import { drainWorker, workersQuery } from "../api/platform";
import { useCanChange } from "../app/role";
import { Absence } from "../components/Absence";
import { Ago } from "../components/Ago";
import { Badge } from "../components/Badge";
import { Confirm } from "../components/Confirm";
import { Empty } from "../components/Empty";
import { Notice } from "../components/Notice";
import { PageHead } from "../components/PageHead";
import { Table, type Column } from "../components/Table";
import { useSpeech } from "../i18n";

export function WorkersScreen() {
  const { t } = useSpeech();
  const query = useQuery(workersQuery);
  const queries = useQueryClient();
  const [asking, setAsking] = useState<Worker>();
  const [done, setDone] = useState<string>();
  const drain = useMutation({
    mutationFn: (worker: Worker) => drainWorker(worker.id),
    onSuccess: (_, { host }) => {
      setDone(t.workers.drained(host));
      setAsking(undefined);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["workers"] }),
  });
  const close = () => {
    setAsking(undefined);
    drain.reset();
  };
  return (
    <>
      <PageHead title={t.workers.title} lead={t.workers.lead} />
      <Notice message={done} onDismiss={() => setDone(undefined)} />
      {query.data && query.data.data.length > 0 ? (
        <WorkerTable workers={query.data.data} onDrain={setAsking} />
      ) : (
        <Absence query={query}>
          <Empty title={t.workers.empty} hint={t.workers.emptyHint} />
        </Absence>
      )}
      {asking && (
        <Confirm
          title={t.workers.askDrain(asking.host)}
          action={t.workers.drain}
          isGrave
          isPending={drain.isPending}
          error={drain.error}
          onConfirm={() => drain.mutate(asking)}
          onClose={close}
        >
          <p>{t.workers.askDrainHint}</p>
        </Confirm>
      )}
    </>
  );
}

function WorkerTable({ workers, onDrain }: { workers: Worker[]; onDrain: (worker: Worker) => void }) {
  const { t, format } = useSpeech();
  const canChange = useCanChange();
  const columns = useMemo((): Column<Worker>[] => {
    const words = t.workers.columns;
    return [
      {
        id: "title",
        header: words.host,
        isPlain: true,
        cell: ({ host, pid }) => (
          <>
            <span className="strong">{host}</span>
            <span className="quiet line">{t.workers.process(String(pid))}</span>
          </>
        ),
      },
      {
        id: "state",
        header: words.state,
        isPlain: true,
        cell: ({ draining }) => (
          <Badge tone={draining ? "busy" : "good"}>{draining ? t.workers.draining : t.workers.working}</Badge>
        ),
      },
      {
        id: "running",
        header: words.running,
        cell: ({ running, concurrency }) => <Load name={words.running} running={running} most={concurrency} />,
      },
      { id: "queues", header: words.queues, cell: ({ queues }) => <Queues queues={queues} /> },
      {
        id: "memory",
        header: words.memory,
        isNumber: true,
        cell: ({ memory_bytes: bytes }) => (bytes === undefined ? "–" : format.bytes(bytes)),
      },
      { id: "version", header: words.version, cell: ({ version }) => <span className="mono">{version}</span> },
      { id: "started", header: words.started, cell: ({ started_at: at }) => (at ? <Ago at={at} /> : "–") },
      { id: "seen", header: words.seen, cell: ({ seen_at: at }) => (at ? <Ago at={at} /> : "–") },
      ...(canChange
        ? [
            {
              id: "actions",
              header: "",
              isPlain: true,
              cell: (worker: Worker) => (
                <button
                  type="button"
                  disabled={worker.draining}
                  aria-label={t.workers.drainOf(worker.host)}
                  onClick={() => onDrain(worker)}
                >
                  {t.workers.drain}
                </button>
              ),
            },
          ]
        : []),
    ];
  }, [t, format, canChange, onDrain]);
  return (
    <Table className="workers" label={t.workers.title} columns={columns} rows={workers} idOf={({ id }) => id} />
  );
}

function Queues({ queues }: { queues: Worker["queues"] }) {
  return (
    <ul className="worker-queues">
      {queues.map(({ queue, running, concurrency }) => (
        <li key={queue}>
          <Load name={queue} running={running} most={concurrency} /> {queue}
        </li>
      ))}
    </ul>
  );
}

/** How much of what a worker may hold it holds. */
function Load({ name, running, most }: { name: string; running: number; most: number }) {
  const { t, format } = useSpeech();
  return (
    <span className="load">
      <meter min={0} max={Math.max(most, 1)} value={running} aria-label={name} />
      <span className="load-words">{t.workers.of(format.number(running), format.number(most))}</span>
    </span>
  );
}
