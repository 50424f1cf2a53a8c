import type { ReactNode } from "react";

/** A JSON value, readable. */
export function Document({ title, value, children }: { title: string; value?: unknown; children?: ReactNode }) {
  return (
    <section className="section" aria-label={title}>
      <h2>{title}</h2>
      {children ?? (
        <pre tabIndex={0} role="region" aria-label={title}>
          {JSON.stringify(value, null, 2)}
        </pre>
      )}
    </section>
  );
}
