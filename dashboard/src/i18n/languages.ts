/** The languages the page has. */

import { en, type Messages } from "./en";
import { id } from "./id";

export const LANGUAGES = { en, id } satisfies Record<string, Messages>;
export type Language = keyof typeof LANGUAGES;

export function isLanguage(text: string | null | undefined): text is Language {
  return typeof text === "string" && Object.hasOwn(LANGUAGES, text);
}

/** The first of the wanted languages that the page has, else English. */
export function preferred(wanted: readonly string[]): Language {
  return wanted.map((tag) => tag.toLowerCase().split("-")[0]).find(isLanguage) ?? "en";
}
