import { Link } from "@tanstack/react-router";

import { Empty } from "../components/Empty";
import { useSpeech } from "../i18n";

export function NotFound() {
  const { t } = useSpeech();
  return (
    <Empty title={t.app.notFound} hint={t.app.notFoundHint}>
      <Link to="/">{t.app.toOverview}</Link>
    </Empty>
  );
}
