/** A state as a word with a colour; the word says it all. */

import type { JobState, Media, ReportState } from "../api/client";
import { useSpeech } from "../i18n";

export type Tone = "good" | "bad" | "busy" | "quiet";

const JOB_TONES: Record<JobState, Tone> = {
  scheduled: "quiet",
  available: "busy",
  running: "busy",
  retryable: "busy",
  snoozed: "quiet",
  completed: "good",
  dead: "bad",
  cancelled: "quiet",
  quarantined: "bad",
};

export function Badge({ tone, children }: { tone: Tone; children: string }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

export function JobBadge({ state }: { state: JobState }) {
  const { t } = useSpeech();
  return <Badge tone={JOB_TONES[state]}>{t.job.states[state].name}</Badge>;
}

const MEDIA_TONES = { processing: "busy", ready: "good", failed: "bad" } as const;

export function MediaBadge({ media }: { media: Media }) {
  const { t } = useSpeech();
  const isStored = media.category === "audio" && media.state === "ready";
  return <Badge tone={MEDIA_TONES[media.state]}>{isStored ? t.media.readyAudio : t.media.state[media.state]}</Badge>;
}

const REPORT_TONES: Record<ReportState, Tone> = {
  queued: "busy",
  ready: "good",
  empty: "quiet",
  failed: "bad",
  cancelled: "quiet",
};

export function ReportBadge({ state }: { state: ReportState }) {
  const { t } = useSpeech();
  return <Badge tone={REPORT_TONES[state]}>{t.job.report.states[state]}</Badge>;
}
