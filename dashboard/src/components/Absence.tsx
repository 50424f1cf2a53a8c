import type { ReactNode } from "react";

import { useSpeech } from "../i18n";
import { Trouble } from "./Trouble";

interface Asked {
  data: unknown;
  error: unknown;
  refetch: () => unknown;
}

/** Why nothing is shown: not yet, not to be had, or, as `children` say, because there is nothing. */
export function Absence({ query, children }: { query: Asked; children?: ReactNode }) {
  const { t } = useSpeech();
  if (query.data !== undefined) return children;
  if (query.error) return <Trouble error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <p className="loading" role="status">
      {t.app.loading}
    </p>
  );
}
