import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { FIND_ID } from "../app/keys";
import { jobIdIn } from "../app/typed";
import { useSpeech } from "../i18n";
import { FindIcon } from "./icons";

/** Leads to a job by its id, to the jobs with a field in their payload, or to those with an error by its fingerprint. */
export function FindJob() {
  const { t } = useSpeech();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [isWrong, setWrong] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const jobId = jobIdIn(text);
    const payload = /^[\w.]+:.+$/.test(text.trim()) ? text.trim() : undefined;
    const error = /^[0-9a-f]{16}$/.test(text.trim()) ? text.trim() : undefined;
    setWrong(!jobId && !payload && !error && text.trim() !== "");
    if (error) void navigate({ to: "/jobs", search: { error } });
    if (jobId) void navigate({ to: "/jobs/$jobId", params: { jobId } });
    else if (payload) void navigate({ to: "/jobs", search: { payload } });
    if (jobId || payload || error) setText("");
  };
  return (
    <form className="find" role="search" onSubmit={submit} noValidate>
      <FindIcon />
      <input
        id={FIND_ID}
        type="text"
        autoComplete="off"
        spellCheck={false}
        aria-label={t.jobs.find}
        placeholder={t.jobs.find}
        title={t.jobs.findHint}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setWrong(false);
        }}
        aria-invalid={isWrong}
        aria-describedby="find-trouble"
      />
      <kbd aria-hidden="true">/</kbd>
      <p id="find-trouble" className="field-trouble" role="alert">
        {isWrong && t.jobs.findWrong}
      </p>
    </form>
  );
}
