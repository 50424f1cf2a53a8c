/** The e-mail that a job sends: what became of each recipient, and the message as it looks. */

import { useQuery } from "@tanstack/react-query";

import type { Email, RecipientState } from "../../api/client";
import { emailPreviewQuery, emailQuery } from "../../api/queries";
import { Badge, type Tone } from "../../components/Badge";
import { useSpeech } from "../../i18n";

const TONES: Record<RecipientState, Tone> = {
  queued: "quiet",
  sending: "busy",
  sent: "good",
  deferred: "busy",
  bounced: "bad",
  suppressed: "quiet",
  failed: "bad",
};

export function EmailArtefact({ id }: { id: string }) {
  const { t } = useSpeech();
  const { data: email } = useQuery(emailQuery(id));
  if (!email) return null;
  const { name, address } = email.from;
  return (
    <section aria-labelledby="email-artefact" className="section">
      <h2 id="email-artefact">{t.email.title}</h2>
      <div className="artefact">
        <div className="artefact-words">
          <p className="row-name">{email.subject}</p>
          <p className="quiet">{t.email.from(name ? `${name} <${address}>` : address)}</p>
        </div>
        <Recipients email={email} />
        <Message email={email} />
      </div>
    </section>
  );
}

function Recipients({ email }: { email: Email }) {
  const { t } = useSpeech();
  return (
    <ul className="recipients">
      {email.recipients.map(({ address, state, reply, possibly_duplicate }) => (
        <li key={address}>
          <span>{address}</span>
          <Badge tone={TONES[state]}>{t.email.states[state]}</Badge>
          {reply && <span className="quiet">{[reply.code, reply.text].filter(Boolean).join(" ")}</span>}
          {possibly_duplicate && <span className="quiet">{t.email.twice}</span>}
        </li>
      ))}
    </ul>
  );
}

/** The HTML is a page of its own that may do nothing: the frame's sandbox says so, and its policy again. */
function Message({ email }: { email: Email }) {
  const { t } = useSpeech();
  const { data: preview } = useQuery(emailPreviewQuery(email.id));
  if (!preview) return null;
  if (!preview.html) return <pre className="message">{preview.text}</pre>;
  const title = t.email.drawn(email.subject);
  return <iframe className="message" sandbox="" src={`/api/v1/emails/${email.id}/preview/html`} title={title} />;
}
