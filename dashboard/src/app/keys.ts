/** The keyboard, everywhere on the page. */

import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

import { following } from "./following";

/** After `g`: where to. */
export const PLACES = {
  o: "/",
  q: "/queues",
  j: "/jobs",
  f: "/failures",
  s: "/schedules",
  w: "/workers",
  m: "/media",
} as const;

export type PlaceKey = keyof typeof PLACES;

/** The field that `/` leads to. */
export const FIND_ID = "find";

/** How long `g` waits for its second key. */
const PATIENCE_MS = 1_500;

/** Listens while somebody is signed in; `onHelp` is asked for by `?`. */
export function useKeys(isActive: boolean, onHelp: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    if (!isActive) return;
    let goneSince = -Infinity;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const field = event.target instanceof HTMLElement && event.target.closest("input, textarea, select");
      if (field) {
        if (event.key === "Escape") (field as HTMLElement).blur();
        return;
      }
      if (document.querySelector("dialog[open]")) return;
      const wasGoing = event.timeStamp - goneSince < PATIENCE_MS;
      goneSince = -Infinity;
      if (wasGoing && Object.hasOwn(PLACES, event.key)) void navigate({ to: PLACES[event.key as PlaceKey] });
      else if (event.key === "g") goneSince = event.timeStamp;
      else if (event.key === "/") document.getElementById(FIND_ID)?.focus();
      else if (event.key === "?") onHelp();
      else if (event.key === "l") following.set(!following.get());
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [isActive, navigate, onHelp]);
}
