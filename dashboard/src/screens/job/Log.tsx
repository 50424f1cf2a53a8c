import { useSpeech } from "../../i18n";

/** What a handler said during an attempt. */
export function Log({ lines }: { lines: unknown }) {
  const { t, format } = useSpeech();
  if (!Array.isArray(lines) || lines.length === 0) return null;
  return (
    <details className="log">
      <summary>{t.job.log(format.number(lines.length))}</summary>
      <pre tabIndex={0} lang="en">
        {lines.map(String).join("\n")}
      </pre>
    </details>
  );
}
