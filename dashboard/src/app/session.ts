/**
 * The API key in use.
 *
 * It is kept in the tab's session storage: gone with the tab, and never in a place that other tabs or requests send by
 * themselves. The page's content security policy runs no script but its own.
 */

import { stored } from "./stored";

const key = stored<string | null>(
  () => sessionStorage,
  "gotong.key",
  (text) => text,
  (key) => key,
);

let expired = false;

export const session = {
  ...key,
  /** Uses a key that the API takes. */
  begin(next: string) {
    expired = false;
    key.set(next);
  },
  /** Forgets the key. */
  end() {
    expired = false;
    key.set(null);
  },
  /** Forgets the key because the API no longer takes it. */
  expire() {
    expired = true;
    key.set(null);
  },
  /** Whether the last key was given up by the API and not by the reader. */
  hasExpired: () => expired,
};
