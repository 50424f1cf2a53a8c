/**
 * Who is signed in.
 *
 * The session itself is a cookie that no script can read; what is kept here is only what the API told of it. Whether it
 * is worth asking after a reload stands in the local storage, so that a reader who is signed out sees the sign-in at
 * once, and the browser reports no refused request.
 */

import type { Session } from "../api/client";
import { stored } from "./stored";

export type State =
  | { is: "unknown" }
  | { is: "out"; hasExpired: boolean }
  | { is: "in"; session: Session };

const NAME = "gotong.signed-in";

const state = stored<State>(
  () => localStorage,
  NAME,
  (text) => (text === null ? { is: "out", hasExpired: false } : { is: "unknown" }),
  (state) => (state.is === "out" ? null : "yes"),
);

export const session = {
  get: state.get,
  subscribe: state.subscribe,
  begin: (session: Session) => state.set({ is: "in", session }),
  end: () => state.set({ is: "out", hasExpired: false }),
  /** The API no longer knows the session. */
  expire() {
    if (state.get().is !== "out") state.set({ is: "out", hasExpired: true });
  },
};

// Signing out in one tab signs out in all: they share the cookie.
globalThis.addEventListener?.("storage", ({ key, newValue }) => {
  if (key === NAME && newValue === null && state.get().is === "in") state.set({ is: "out", hasExpired: false });
});

/** Whether the role may change things; the API decides, the page only does not offer what would be refused. */
export function mayWrite({ role }: Session): boolean {
  return role !== "viewer";
}

/** Whether the role may see what belongs to the whole platform; the API decides here too. */
export function isAdmin({ role }: Session): boolean {
  return role === "admin";
}
