/** Light, dark, or as the system says. */

import { stored } from "./stored";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export const theme = stored<Theme>(
  () => localStorage,
  "gotong.theme",
  (text) => THEMES.find((known) => known === text) ?? "system",
  (theme) => (theme === "system" ? null : theme),
);

/** Keeps the document in step with the choice. */
export function followTheme(root: HTMLElement): void {
  const apply = () => (root.dataset.theme = theme.get());
  theme.subscribe(apply);
  apply();
}
