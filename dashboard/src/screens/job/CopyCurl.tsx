import { useState } from "react";

import { curlFor } from "../../app/curl";
import { useSpeech } from "../../i18n";

export function CopyCurl({ id }: { id: string }) {
  const { t } = useSpeech();
  const [isCopied, setCopied] = useState(false);
  const [shown, setShown] = useState<string>();
  const copy = async () => {
    const line = curlFor(window.location.origin, id);
    try {
      await navigator.clipboard.writeText(line);
      setCopied(true);
    } catch {
      // A page that is not served by HTTPS or from this machine may not write to the clipboard.
      setShown(line);
    }
  };
  return (
    <>
      {shown && <code className="mono">{shown}</code>}
      <button type="button" onClick={() => void copy()} onBlur={() => setCopied(false)}>
        {isCopied ? t.job.copied : t.job.copyCurl}
      </button>
    </>
  );
}
