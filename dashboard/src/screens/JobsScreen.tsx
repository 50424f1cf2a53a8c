import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { jobsQuery } from "../api/jobs";
import { isFiltered, type JobFilter } from "../api/jobFilter";
import { following } from "../app/following";
import { useCanChange } from "../app/role";
import { useStored } from "../app/stored";
import { Absence } from "../components/Absence";
import { Empty } from "../components/Empty";
import { Notice } from "../components/Notice";
import { PageHead } from "../components/PageHead";
import { Pager } from "../components/Pager";
import { PauseIcon, PlayIcon } from "../components/icons";
import { useSpeech } from "../i18n";
import { BulkConfirm, type Asked } from "./jobs/BulkConfirm";
import { Filters } from "./jobs/Filters";
import { JobTable } from "./jobs/JobTable";
import { SelectionBar } from "./jobs/SelectionBar";
import { useSelectedJobs } from "./jobs/selection";

export function JobsScreen({ filter }: { filter: JobFilter }) {
  const { t } = useSpeech();
  const canChange = useCanChange();
  const isFollowing = useStored(following);
  const query = useQuery(jobsQuery(filter, isFollowing));
  const rows = query.data?.data ?? NOTHING;
  const selected = useSelectedJobs(filter, rows);
  const [asked, setAsked] = useState<Asked>();
  const [done, setDone] = useState<string>();
  const close = useCallback(
    (message?: string) => {
      setAsked(undefined);
      if (message === undefined) return;
      setDone(message);
      selected.clear();
    },
    [selected],
  );
  return (
    <>
      <PageHead title={t.jobs.title}>
        <FollowButton isFollowing={isFollowing} />
      </PageHead>
      <Filters filter={filter} />
      <Notice message={done} onDismiss={() => setDone(undefined)} />
      {rows.length > 0 ? (
        <JobTable jobs={rows} isStale={query.isPlaceholderData} selection={canChange ? selected.selection : undefined} />
      ) : (
        <Absence query={query}>
          <NoJobs filter={filter} hasMore={query.data?.links.next !== undefined} />
        </Absence>
      )}
      {query.data && <Pager links={query.data.links} to="/jobs" search={filter} />}
      {selected.jobs.length > 0 && <SelectionBar filter={filter} selected={selected} onAct={setAsked} />}
      {asked && <BulkConfirm asked={asked} onClose={close} />}
    </>
  );
}

const NOTHING: never[] = [];

function FollowButton({ isFollowing }: { isFollowing: boolean }) {
  const { t } = useSpeech();
  const label = isFollowing ? t.frame.pauseLive : t.frame.resumeLive;
  return (
    <button type="button" className="with-icon" title={`${label} (l)`} onClick={() => following.set(!isFollowing)}>
      {isFollowing ? <PauseIcon /> : <PlayIcon />}
      {label}
    </button>
  );
}

function NoJobs({ filter, hasMore }: { filter: JobFilter; hasMore: boolean }) {
  const { t } = useSpeech();
  if (hasMore) return <Empty title={t.jobs.movedOn} hint={t.jobs.movedOnHint} />;
  if (!isFiltered(filter)) return <Empty title={t.jobs.empty} hint={t.jobs.emptyHint} />;
  return (
    <Empty title={t.jobs.noMatch} hint={t.jobs.noMatchHint}>
      <Link to="/jobs" search={{}}>
        {t.jobs.clear}
      </Link>
    </Empty>
  );
}
