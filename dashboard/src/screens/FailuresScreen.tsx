import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import type { FailureGroup } from "../api/client";
import { failuresQuery, queuesQuery, type FailureFilter } from "../api/platform";
import { useCanChange } from "../app/role";
import { Absence } from "../components/Absence";
import { Ago } from "../components/Ago";
import { Empty } from "../components/Empty";
import { Notice } from "../components/Notice";
import { PageHead } from "../components/PageHead";
import { Pager } from "../components/Pager";
import { Table, type Column } from "../components/Table";
import { useSpeech } from "../i18n";
import { RetryGroup } from "./failures/RetryGroup";

export function FailuresScreen({ filter }: { filter: FailureFilter }) {
  const { t } = useSpeech();
  const query = useQuery(failuresQuery(filter));
  const [group, setGroup] = useState<FailureGroup>();
  const [done, setDone] = useState<string>();
  const close = (message?: string) => {
    setGroup(undefined);
    setDone(message);
  };
  return (
    <>
      <PageHead title={t.failures.title} lead={t.failures.lead}>
        <KindChoice filter={filter} />
      </PageHead>
      <Notice message={done} onDismiss={() => setDone(undefined)} />
      {query.data && query.data.data.length > 0 ? (
        <>
          <Groups groups={query.data.data} isStale={query.isPlaceholderData} onRetry={setGroup} />
          <Pager links={query.data.links} to="/failures" search={filter} />
        </>
      ) : (
        <Absence query={query}>
          <Empty title={filter.kind ? t.failures.emptyKind : t.failures.empty} hint={t.failures.emptyHint} />
        </Absence>
      )}
      {group && <RetryGroup group={group} onClose={close} />}
    </>
  );
}

function KindChoice({ filter }: { filter: FailureFilter }) {
  const { t } = useSpeech();
  const navigate = useNavigate();
  const { data } = useQuery(queuesQuery);
  const kinds = data?.data.flatMap(({ kinds }) => kinds) ?? (filter.kind ? [filter.kind] : []);
  return (
    <select
      aria-label={t.failures.kind}
      value={filter.kind ?? ""}
      onChange={(event) => void navigate({ to: "/failures", search: { kind: event.target.value || undefined } })}
    >
      <option value="">{t.failures.all}</option>
      {kinds.sort().map((kind) => (
        <option key={kind}>{kind}</option>
      ))}
    </select>
  );
}

interface GroupsProps {
  groups: FailureGroup[];
  isStale: boolean;
  onRetry: (group: FailureGroup) => void;
}

function Groups({ groups, isStale, onRetry }: GroupsProps) {
  const { t, format } = useSpeech();
  const canChange = useCanChange();
  const columns = useMemo((): Column<FailureGroup>[] => {
    const words = t.failures.columns;
    return [
      {
        id: "title",
        header: words.error,
        isPlain: true,
        cell: ({ class: name, message }) => (
          <>
            <span className="strong">{t.classes[name] ?? name}</span>
            <span className="failure-message" lang="en" title={message}>
              {message}
            </span>
          </>
        ),
      },
      { id: "kind", header: words.kind, cell: ({ kind }) => <span className="mono">{kind}</span> },
      { id: "count", header: words.count, isNumber: true, cell: ({ count }) => format.number(count) },
      { id: "first", header: words.first, cell: ({ first_seen: at }) => <Ago at={at} /> },
      { id: "last", header: words.last, cell: ({ last_seen: at }) => <Ago at={at} /> },
      {
        id: "actions",
        header: "",
        isPlain: true,
        cell: (group) => (
          <span className="cell-buttons">
            <Link to="/jobs" search={{ error: group.fingerprint }} aria-label={t.failures.jobsOf(group.message)}>
              {t.failures.jobs}
            </Link>
            {canChange && (
              <button type="button" aria-label={t.failures.retryOf(group.message)} onClick={() => onRetry(group)}>
                {t.failures.retry}
              </button>
            )}
          </span>
        ),
      },
    ];
  }, [t, format, canChange, onRetry]);
  return (
    <Table
      className="failures"
      label={t.failures.title}
      columns={columns}
      rows={groups}
      idOf={({ fingerprint }) => fingerprint}
      isStale={isStale}
    />
  );
}
