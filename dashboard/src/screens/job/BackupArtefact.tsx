/** The backup that a job makes, proves or restores: what it holds, how large it is, and what the last drill came to. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import type { Backup, BackupDrill } from "../../api/client";
import { backupQuery } from "../../api/queries";
import { useIsAdmin } from "../../app/role";
import { Ago } from "../../components/Ago";
import { Badge, type Tone } from "../../components/Badge";
import { FailureWords } from "../../components/MediaRow";
import { useSpeech } from "../../i18n";

const TONES: Record<Backup["state"], Tone> = {
  waiting: "busy",
  running: "busy",
  good: "good",
  failed: "bad",
  pruned: "quiet",
};

const DRILL_TONES: Record<BackupDrill["state"], Tone> = {
  waiting: "busy",
  running: "busy",
  passed: "good",
  failed: "bad",
};

/** Backups hold every workspace's data, so only administrators see them. */
export function BackupArtefact({ id }: { id: string }) {
  return useIsAdmin() ? <BackupPanel id={id} /> : null;
}

function BackupPanel({ id }: { id: string }) {
  const { t } = useSpeech();
  const { data: backup } = useQuery(backupQuery(id));
  if (!backup) return null;
  return (
    <section aria-labelledby="backup-artefact" className="section">
      <h2 id="backup-artefact">{t.backup.title}</h2>
      <div className="artefact">
        <div className="artefact-words">
          <p className="row-name">{backup.target}</p>
          <Badge tone={TONES[backup.state]}>{t.backup.states[backup.state]}</Badge>
        </div>
        <BackupFacts backup={backup} />
        {backup.error && <FailureWords failure={backup.error} />}
      </div>
    </section>
  );
}

function BackupFacts({ backup }: { backup: Backup }) {
  const { t, format } = useSpeech();
  const { facts } = t.backup;
  const { contents, drills = [] } = backup;
  const drill = drills[0];
  const rows: [string, ReactNode][] = [
    [facts.taken, backup.taken_at && <Ago at={backup.taken_at} />],
    [facts.database, contents && `${contents.database} · PostgreSQL ${contents.server_version}`],
    [facts.rows, contents && t.backup.rows(format.number(contents.rows), format.number(contents.tables))],
    [facts.onServer, contents && format.bytes(contents.database_bytes)],
    [facts.stored, contents && format.bytes(contents.stored_bytes)],
    [facts.took, contents && format.duration(contents.duration_ms)],
    [facts.drill, drill ? <DrillWords drill={drill} /> : backup.state === "good" && t.backup.unproved],
    [facts.rto, backup.rto_ms !== undefined && format.duration(backup.rto_ms)],
    [facts.pinned, backup.pinned && t.backup.pinned],
  ];
  return (
    <dl className="facts">
      {rows
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function DrillWords({ drill }: { drill: BackupDrill }) {
  const { t } = useSpeech();
  return (
    <>
      <Badge tone={DRILL_TONES[drill.state]}>{t.backup.drills[drill.state]}</Badge>
      {drill.finished_at && (
        <>
          {" "}
          <Ago at={drill.finished_at} />
        </>
      )}
      {drill.error && <FailureWords failure={drill.error} />}
    </>
  );
}
