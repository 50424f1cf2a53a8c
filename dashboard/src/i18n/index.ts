/** The reader's language: chosen, else the browser's, else English. */

import { useMemo } from "react";

import { stored, useStored } from "../app/stored";
import type { Messages } from "./en";
import { formatFor, type Format } from "./format";
import { isLanguage, LANGUAGES, preferred, type Language } from "./languages";

export { LANGUAGES };
export type { Format, Language, Messages };

export const language = stored<Language>(
  () => localStorage,
  "gotong.language",
  (text) => (isLanguage(text) ? text : preferred(navigator.languages)),
  (language) => language,
);

export interface Speech {
  language: Language;
  t: Messages;
  format: Format;
}

export function useSpeech(): Speech {
  const chosen = useStored(language);
  return useMemo(() => ({ language: chosen, t: LANGUAGES[chosen], format: formatFor(locale(chosen)) }), [chosen]);
}

/** The language as the browser's region writes it: an English reader in London wants the 24-hour clock. */
export function locale(chosen: Language): string {
  return navigator.languages.find((tag) => tag.split("-")[0]?.toLowerCase() === chosen) ?? chosen;
}

/** Keeps the document's language in step with the choice. */
export function followLanguage(root: HTMLElement): void {
  const apply = () => (root.lang = language.get());
  language.subscribe(apply);
  apply();
}
