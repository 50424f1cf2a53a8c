import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { Media } from "../api/client";
import { deleteMedia, mediaQuery, restoreMedia, type MediaFilter } from "../api/queries";
import { useCanChange } from "../app/role";
import { Empty } from "../components/Empty";
import { Pager } from "../components/Pager";
import { PageHead } from "../components/PageHead";
import { MediaRow } from "../components/MediaRow";
import { Reason, Trouble } from "../components/Trouble";
import { Uploader } from "../components/Uploader";
import { useSpeech } from "../i18n";

const STATES = ["processing", "ready", "failed"] as const;
const CATEGORIES = ["image", "audio"] as const;

export function MediaScreen({ filter }: { filter: MediaFilter }) {
  const { t } = useSpeech();
  const canChange = useCanChange();
  return (
    <>
      <PageHead title={t.media.title} lead={canChange ? t.media.lead : t.media.readOnly} />
      {canChange && <Uploader />}
      <section aria-labelledby="files" className="section">
        <div className="section-head">
          <h2 id="files">{t.media.list}</h2>
          <Filters filter={filter} />
        </div>
        <Files filter={filter} />
      </section>
    </>
  );
}

/** A choice is the current one on each of its pages, but "all" only while nothing is chosen. */
const MATCHING = { includeSearch: true, explicitUndefined: true };

/** Links, so that a filtered list has an address. Choosing another filter starts at its first page. */
function Filters({ filter }: { filter: MediaFilter }) {
  const { t } = useSpeech();
  const { state, category } = filter;
  return (
    <div className="filters">
      <nav className="choice" aria-label={t.media.filter}>
        {[undefined, ...STATES].map((each) => (
          <Link key={each ?? "all"} to="/media" search={{ state: each, category }} activeOptions={MATCHING}>
            {t.media.states[each ?? "all"]}
          </Link>
        ))}
      </nav>
      <nav className="choice" aria-label={t.media.category}>
        {[undefined, ...CATEGORIES].map((each) => (
          <Link key={each ?? "all"} to="/media" search={{ state, category: each }} activeOptions={MATCHING}>
            {t.media.categories[each ?? "all"]}
          </Link>
        ))}
      </nav>
    </div>
  );
}

function Files({ filter }: { filter: MediaFilter }) {
  const { t } = useSpeech();
  const { data, error, refetch, isPlaceholderData } = useQuery(mediaQuery(filter));
  const removal = useRemoval();
  const canChange = useCanChange();
  const isFiltered = filter.state !== undefined || filter.category !== undefined || filter.cursor !== undefined;
  return (
    <>
      <RemovalNotice removal={removal} />
      {!data && (error ? <Trouble error={error} onRetry={() => void refetch()} /> : <p className="quiet">{t.app.loading}</p>)}
      {data?.data.length === 0 && (isFiltered ? <NothingMatches /> : <Empty title={t.media.empty} hint={t.media.emptyHint} />)}
      {data && data.data.length > 0 && (
        <ul className="rows wide" aria-busy={isPlaceholderData}>
          {data.data.map((media) => (
            <MediaRow key={media.id} media={media}>
              {canChange && (
                <button
                  type="button"
                  className="plain"
                  aria-label={t.media.deleteOf(media.filename)}
                  onClick={() => removal.remove(media)}
                >
                  {t.media.delete}
                </button>
              )}
            </MediaRow>
          ))}
        </ul>
      )}
      {data && <Pager links={data.links} to="/media" search={filter} />}
    </>
  );
}

function NothingMatches() {
  const { t } = useSpeech();
  return (
    <Empty title={t.media.emptyFilter} hint={t.media.emptyFilterHint}>
      <Link to="/media" search={{}}>
        {t.media.clearFilter}
      </Link>
    </Empty>
  );
}

type Removal = ReturnType<typeof useRemoval>;

/** Deleting a file, and taking that back: the API keeps it for a while. */
function useRemoval() {
  const queries = useQueryClient();
  const [last, setLast] = useState<{ media: Media; state: "deleted" | "restored" }>();
  const refresh = () => queries.invalidateQueries({ queryKey: ["media"] });
  const deletion = useMutation({
    mutationFn: (media: Media) => deleteMedia(media.id),
    onSuccess: (_, media) => setLast({ media, state: "deleted" }),
    onSettled: refresh,
  });
  const restoration = useMutation({
    mutationFn: (media: Media) => restoreMedia(media.id),
    onSuccess: (_, media) => setLast({ media, state: "restored" }),
    onSettled: refresh,
  });
  return {
    last,
    error: deletion.error ?? restoration.error,
    remove(media: Media) {
      restoration.reset();
      deletion.mutate(media);
    },
    undo() {
      deletion.reset();
      if (last) restoration.mutate(last.media);
    },
    dismiss() {
      setLast(undefined);
      deletion.reset();
      restoration.reset();
    },
  };
}

function RemovalNotice({ removal: { last, error, undo, dismiss } }: { removal: Removal }) {
  const { t } = useSpeech();
  return (
    <div role="status">
      {(last || error) && (
        <div className={`notice ${error ? "bad" : ""}`}>
          {error ? <Reason error={error} /> : last && t.media[last.state](last.media.filename)}
          <span className="notice-actions">
            {last?.state === "deleted" && !error && (
              <button type="button" onClick={undo}>
                {t.media.undo}
              </button>
            )}
            <button type="button" className="plain" onClick={dismiss}>
              {t.media.dismiss}
            </button>
          </span>
        </div>
      )}
    </div>
  );
}
