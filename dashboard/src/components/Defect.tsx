import { useSpeech } from "../i18n";
import { Empty } from "./Empty";

/** Instead of a screen that threw: a defect of the page, not of the API. */
export function Defect() {
  const { t } = useSpeech();
  return (
    <Empty title={t.app.broken} hint={t.app.brokenHint}>
      <button type="button" onClick={() => window.location.reload()}>
        {t.app.retry}
      </button>
    </Empty>
  );
}
