import { useMutation } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";

import { tryKey } from "../api/queries";
import { Refusal } from "../api/refusal";
import { keyMistake } from "../app/typed";
import { session } from "../app/session";
import { useTitle } from "../app/title";
import { ClosedEyeIcon, EyeIcon } from "../components/icons";
import { headline } from "../components/Trouble";
import { useSpeech } from "../i18n";

export function SignIn() {
  const { t } = useSpeech();
  const [key, setKey] = useState("");
  const [isShown, setShown] = useState(false);
  const [mistake, setMistake] = useState<"missing" | "shape">();
  const input = useRef<HTMLInputElement>(null);
  useTitle(t.signIn.title);

  const trial = useMutation({
    mutationFn: tryKey,
    onSuccess: (_, key) => session.begin(key),
    onError: () => input.current?.focus(),
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const trimmed = key.trim();
    const found = keyMistake(trimmed);
    setMistake(found);
    trial.reset();
    if (found) input.current?.focus();
    else trial.mutate(trimmed);
  };

  const isUnknown = trial.error instanceof Refusal && trial.error.problem.status === 401;
  const expired = session.hasExpired() ? t.signIn.expired : undefined;
  const refusal = trial.error ? (isUnknown ? t.signIn.unknown : headline(trial.error, t)) : undefined;
  const trouble = mistake ? t.signIn[mistake] : (refusal ?? expired);

  return (
    <section className="sign-in">
      <h1 tabIndex={-1}>{t.signIn.title}</h1>
      <p className="lead">{t.signIn.lead}</p>
      <form className="card" onSubmit={submit} noValidate>
        <label htmlFor="key">{t.signIn.key}</label>
        <div className="with-button">
          <input
            id="key"
            ref={input}
            className="mono"
            type={isShown ? "text" : "password"}
            autoComplete="current-password"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            value={key}
            onChange={(event) => setKey(event.target.value)}
            aria-invalid={trouble !== undefined && trouble !== expired}
            aria-describedby="key-trouble key-hint"
          />
          <button
            type="button"
            className="plain"
            aria-label={isShown ? t.signIn.hide : t.signIn.show}
            title={isShown ? t.signIn.hide : t.signIn.show}
            onClick={() => setShown(!isShown)}
          >
            {isShown ? <ClosedEyeIcon /> : <EyeIcon />}
          </button>
        </div>
        <p id="key-trouble" className="field-trouble" role="alert">
          {trouble}
        </p>
        <button type="submit" className="primary" disabled={trial.isPending}>
          {trial.isPending ? t.signIn.busy : t.signIn.submit}
        </button>
        <p id="key-hint" className="quiet">
          {t.signIn.hint} {t.signIn.kept}
        </p>
      </form>
    </section>
  );
}
