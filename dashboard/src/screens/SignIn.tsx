import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";

import { signIn } from "../api/queries";
import { Refusal } from "../api/refusal";
import { session } from "../app/session";
import { useTitle } from "../app/title";
import { keyMistake } from "../app/typed";
import { ClosedEyeIcon, EyeIcon } from "../components/icons";
import { headline } from "../components/Trouble";
import { useSpeech } from "../i18n";

type Way = "key" | "password";

export function SignIn({ hasExpired }: { hasExpired: boolean }) {
  const { t } = useSpeech();
  const [way, setWay] = useState<Way>("key");
  useTitle(t.signIn.title);
  return (
    <section className="sign-in">
      <h1 tabIndex={-1}>{t.signIn.title}</h1>
      <p className="lead">{t.signIn.lead}</p>
      <div className="card">
        <fieldset className="choice">
          <legend className="unseen">{t.signIn.how}</legend>
          <WayChoice way="key" chosen={way} onChoose={setWay}>
            {t.signIn.byKey}
          </WayChoice>
          <WayChoice way="password" chosen={way} onChoose={setWay}>
            {t.signIn.byPassword}
          </WayChoice>
        </fieldset>
        <Form key={way} way={way} notice={hasExpired ? t.signIn.expired : undefined} />
      </div>
    </section>
  );
}

function WayChoice(props: { way: Way; chosen: Way; onChoose: (way: Way) => void; children: string }) {
  const { way, chosen, onChoose, children } = props;
  return (
    <label>
      <input type="radio" name="way" className="unseen" checked={way === chosen} onChange={() => onChoose(way)} />
      {children}
    </label>
  );
}

function Form({ way, notice }: { way: Way; notice: string | undefined }) {
  const { t } = useSpeech();
  const [email, setEmail] = useState("");
  const [secret, setSecret] = useState("");
  const [mistake, setMistake] = useState<"missing" | "missingPassword" | "shape">();
  const form = useRef<HTMLFormElement>(null);
  const focus = () => form.current?.querySelector("input")?.focus();
  useEffect(focus, []);

  const attempt = useMutation({ mutationFn: signIn, onSuccess: session.begin, onError: focus });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt.reset();
    const key = secret.trim();
    const isBare = email.trim() === "" || secret === "";
    const found = way === "key" ? keyMistake(key) : isBare ? "missingPassword" : undefined;
    setMistake(found);
    if (found) focus();
    else attempt.mutate(way === "key" ? { api_key: key } : { email: email.trim(), password: secret });
  };

  const isWrong = attempt.error instanceof Refusal && attempt.error.problem.status === 401;
  const wrong = way === "key" ? t.signIn.unknown : t.signIn.wrong;
  const refusal = attempt.error ? (isWrong ? wrong : headline(attempt.error, t)) : undefined;
  const trouble = mistake ? t.signIn[mistake] : refusal;
  const described = { "aria-invalid": trouble !== undefined, "aria-describedby": "trouble hint" };

  return (
    <form ref={form} onSubmit={submit} noValidate>
      {way === "password" && (
        <>
          <label htmlFor="email">{t.signIn.email}</label>
          <input
            id="email"
            type="email"
            autoComplete="username"
            value={email}
            onChange={(event) => setEmail(event.target.value)}
            {...described}
          />
        </>
      )}
      <label htmlFor="secret">{way === "key" ? t.signIn.key : t.signIn.password}</label>
      <Shown>
        {(type) => (
          <input
            id="secret"
            className={way === "key" ? "mono" : undefined}
            type={type}
            autoComplete={way === "key" ? "off" : "current-password"}
            autoCapitalize="none"
            spellCheck={false}
            value={secret}
            onChange={(event) => setSecret(event.target.value)}
            {...described}
          />
        )}
      </Shown>
      <p id="trouble" className="field-trouble" role="alert">
        {trouble ?? notice}
      </p>
      <button type="submit" className="primary" disabled={attempt.isPending}>
        {attempt.isPending ? t.signIn.busy : t.signIn.submit}
      </button>
      <p id="hint" className="quiet">
        {way === "key" ? `${t.signIn.hint} ${t.signIn.kept}` : t.signIn.passwordHint}
      </p>
    </form>
  );
}

/** A field whose text is hidden until the reader wants to see it. */
function Shown({ children }: { children: (type: "text" | "password") => ReactNode }) {
  const { t } = useSpeech();
  const [isShown, setShown] = useState(false);
  const label = isShown ? t.signIn.hide : t.signIn.show;
  return (
    <div className="with-button">
      {children(isShown ? "text" : "password")}
      <button type="button" className="plain" aria-label={label} title={label} onClick={() => setShown(!isShown)}>
        {isShown ? <ClosedEyeIcon /> : <EyeIcon />}
      </button>
    </div>
  );
}
