import { useSpeech } from "../i18n";
import { usePlatform } from "../live/platform";

/** Whether what is shown follows the platform. */
export function LiveBadge() {
  const { t } = useSpeech();
  const { connection } = usePlatform();
  return (
    <span className={`live ${connection}`} role="status" title={t.frame.liveHint[connection]}>
      {t.frame.live[connection]}
    </span>
  );
}
