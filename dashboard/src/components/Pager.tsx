import { Link, type LinkProps } from "@tanstack/react-router";

import type { PageLinks } from "../api/client";
import { cursorOf } from "../api/queries";
import { useSpeech } from "../i18n";

/** Links to the neighbours of a page, which keep its filter. */
export function Pager({ links, to, search }: { links: PageLinks; to: LinkProps["to"]; search: object }) {
  const { t } = useSpeech();
  const newer = cursorOf(links.prev);
  const older = cursorOf(links.next);
  if (!newer && !older) return null;
  const at = (cursor: string | undefined) => ({ to, search: { ...search, cursor } }) as LinkProps;
  return (
    <nav className="pager" aria-label={t.jobs.pages}>
      {newer && (
        <>
          <Link {...at(undefined)}>⇤ {t.jobs.first}</Link>
          <Link {...at(newer)} rel="prev">
            ← {t.jobs.newer}
          </Link>
        </>
      )}
      {older && (
        <Link {...at(older)} rel="next">
          {t.jobs.older} →
        </Link>
      )}
    </nav>
  );
}
