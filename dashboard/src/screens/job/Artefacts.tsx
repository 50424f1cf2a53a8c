/**
 * What a job is about or has made, as people see it. The API links a job to it; each kind of thing has one component
 * here, named by that link.
 */

import { useQuery } from "@tanstack/react-query";
import type { ComponentType } from "react";

import type { Job } from "../../api/client";
import { mediumQuery, reportQuery } from "../../api/queries";
import { MediaBadge, ReportBadge } from "../../components/Badge";
import { FailureWords, MediaWords } from "../../components/MediaRow";
import { Thumbnail } from "../../components/Thumbnail";
import { useSpeech } from "../../i18n";
import { BackupArtefact } from "./BackupArtefact";
import { EmailArtefact } from "./EmailArtefact";

type LinkName = keyof Job["links"];

const ARTEFACTS: Partial<Record<LinkName, ComponentType<{ id: string }>>> = {
  backup: BackupArtefact,
  email: EmailArtefact,
  media: MediaArtefact,
  report: ReportArtefact,
};

export function Artefacts({ job }: { job: Job }) {
  return (Object.keys(ARTEFACTS) as LinkName[]).map((name) => {
    const Show = ARTEFACTS[name];
    const link = job.links[name];
    return Show && link && <Show key={name} id={link.slice(link.lastIndexOf("/") + 1)} />;
  });
}

/** A file with its thumbnail; one that is deleted is not shown. */
function MediaArtefact({ id }: { id: string }) {
  const { t } = useSpeech();
  const { data: media } = useQuery(mediumQuery(id));
  if (!media) return null;
  return (
    <section aria-labelledby="media-artefact" className="section">
      <h2 id="media-artefact">{t.job.file}</h2>
      <div className="artefact">
        <Thumbnail media={media} variant="large" />
        <div className="artefact-words">
          <MediaWords media={media} />
          <MediaBadge media={media} />
        </div>
      </div>
    </section>
  );
}

/** A report to open; what it lacks stands beside it. */
function ReportArtefact({ id }: { id: string }) {
  const { t, format } = useSpeech();
  const { data: report } = useQuery(reportQuery(id));
  if (!report) return null;
  const { content } = report.links;
  return (
    <section aria-labelledby="report-artefact" className="section">
      <h2 id="report-artefact">{t.job.report.title}</h2>
      <div className="artefact">
        <div className="artefact-words">
          <div className="row-body">
            <p className="row-name">{content ? <a href={content}>{report.filename}</a> : report.filename}</p>
            <p className="quiet">
              {report.row_count !== undefined && t.job.report.rows(format.number(report.row_count))}
              {report.byte_size !== undefined && ` · ${format.bytes(report.byte_size)}`}
            </p>
            {report.notices.map((notice) => (
              <p key={notice} className="reason" lang={report.locale}>
                {notice}
              </p>
            ))}
            {report.error && <FailureWords failure={report.error} />}
          </div>
          <ReportBadge state={report.state} />
        </div>
      </div>
    </section>
  );
}
