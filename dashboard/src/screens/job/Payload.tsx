import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Job } from "../../api/client";
import { payloadQuery } from "../../api/jobs";
import { Absence } from "../../components/Absence";
import { useSpeech } from "../../i18n";
import { Document } from "./Document";

/** What a job was asked to do. A large payload is fetched when its reader asks for it. */
export function Payload({ job }: { job: Job }) {
  const { t } = useSpeech();
  const [isWanted, setWanted] = useState(false);
  const query = useQuery({ ...payloadQuery(job.id), enabled: isWanted });
  const value = job.payload ?? query.data;
  if (value !== undefined) return <Document title={t.job.payload} value={value} />;
  return (
    <Document title={t.job.payload}>
      {isWanted ? (
        <Absence query={query} />
      ) : (
        <p className="large-payload">
          {t.job.largePayload}{" "}
          <button type="button" onClick={() => setWanted(true)}>
            {t.job.showPayload}
          </button>
        </p>
      )}
    </Document>
  );
}
