/** What is around every screen: who may see it, where to go, and how the page looks. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";

import { healthQuery, signOut, whoAmI } from "../api/queries";
import { FindJob } from "../components/FindJob";
import { KeyboardIcon, Mark, MoonIcon, ScreenIcon, SignOutIcon, SunIcon } from "../components/icons";
import { KeyHelp } from "../components/KeyHelp";
import { LiveBadge } from "../components/LiveBadge";
import { Trouble } from "../components/Trouble";
import { LANGUAGES, language, useSpeech, type Language } from "../i18n";
import { useFollowPlatform } from "../live/platform";
import { SignIn } from "../screens/SignIn";
import { useKeys } from "./keys";
import { Navigation } from "./Navigation";
import { useCanChange } from "./role";
import { session } from "./session";
import { useStored } from "./stored";
import { theme, THEMES } from "./theme";

export function Frame() {
  const { t } = useSpeech();
  const state = useStored(session);
  const isSignedIn = state.is === "in";
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [isHelping, setHelping] = useState(false);
  useFocusOnArrival(path, isSignedIn);
  useKeys(
    isSignedIn,
    useCallback(() => setHelping(true), []),
  );
  return (
    <div className={`frame ${isSignedIn ? "with-side" : ""}`}>
      <a className="skip" href="#content">
        {t.app.skip}
      </a>
      <header className="side">
        <Link to="/" className="brand">
          <Mark />
          <span>Gotong</span>
        </Link>
        {isSignedIn && <FindJob />}
        {isSignedIn && <Navigation />}
        <div className="settings">
          {isSignedIn && <Standing />}
          <LanguageChoice />
          <ThemeChoice />
          {isSignedIn && (
            <button type="button" className="plain" title={t.frame.keys.open} aria-label={t.frame.keys.open} onClick={() => setHelping(true)}>
              <KeyboardIcon />
            </button>
          )}
          {isSignedIn && <SignOut />}
        </div>
      </header>
      <div className="page">
        {isSignedIn && <ConnectionNotice />}
        <main id="content" tabIndex={-1}>
          {state.is === "in" && <Outlet />}
          {state.is === "out" && <SignIn hasExpired={state.hasExpired} />}
          {state.is === "unknown" && <Recall />}
        </main>
      </div>
      {isSignedIn && <Follower />}
      {isHelping && <KeyHelp onClose={() => setHelping(false)} />}
    </div>
  );
}

function Follower() {
  useFollowPlatform();
  return null;
}

/** Whether the page is live, and whether its reader may change anything. */
function Standing() {
  const { t } = useSpeech();
  const canChange = useCanChange();
  return (
    <p className="standing">
      <LiveBadge />
      {!canChange && <span title={t.frame.readOnlyHint}>{t.frame.readOnly}</span>}
    </p>
  );
}

/** After a reload: asks whose session the cookie is. */
function Recall() {
  const { t } = useSpeech();
  const { data, error, refetch } = useQuery({ queryKey: ["session"], queryFn: whoAmI, staleTime: 0, gcTime: 0 });
  useEffect(() => {
    if (data) session.begin(data);
  }, [data]);
  // A session that has ended is told by the sign-in, which takes this one's place.
  if (error) return <Trouble error={error} onRetry={() => void refetch()} />;
  return <p className="quiet">{t.app.loading}</p>;
}

function SignOut() {
  const { t } = useSpeech();
  const { mutate, isPending } = useMutation({ mutationFn: signOut, onSuccess: session.end });
  return (
    <button
      type="button"
      className="plain"
      title={t.app.signOut}
      aria-label={t.app.signOut}
      disabled={isPending}
      onClick={() => mutate()}
    >
      <SignOutIcon />
    </button>
  );
}

/** Says so when nothing answers, above what is still shown. */
function ConnectionNotice() {
  const { t } = useSpeech();
  const { isError, data } = useQuery(healthQuery);
  const isDown = (part: "database" | "redis") => data?.checks[part]?.status === "down";
  const trouble = isError
    ? t.problems.stale
    : isDown("database")
      ? t.frame.databaseDown
      : isDown("redis") && t.frame.redisDown;
  return <div role="status">{trouble && <p className="strip">{trouble}</p>}</div>;
}

function LanguageChoice() {
  const { t, language: chosen } = useSpeech();
  return (
    <div className="languages" role="group" aria-label={t.app.language}>
      {Object.entries(LANGUAGES).map(([tag, { name }]) => (
        <button
          key={tag}
          type="button"
          className="plain"
          lang={tag}
          title={name}
          aria-label={`${tag.toUpperCase()}, ${name}`}
          aria-pressed={tag === chosen}
          onClick={() => language.set(tag as Language)}
        >
          {tag.toUpperCase()}
        </button>
      ))}
    </div>
  );
}

const THEME_SIGNS = { system: ScreenIcon, light: SunIcon, dark: MoonIcon };

/** One button that goes round: as the system, light, dark. */
function ThemeChoice() {
  const { t } = useSpeech();
  const chosen = useStored(theme);
  const next = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length] ?? "system";
  const Sign = THEME_SIGNS[chosen];
  const label = `${t.app.theme}: ${t.app.themes[chosen]}`;
  return (
    <button type="button" className="plain" title={label} aria-label={label} onClick={() => theme.set(next)}>
      <Sign />
    </button>
  );
}

/** After a change of screen the focus is on its heading, where a page that loads anew would begin. */
function useFocusOnArrival(path: string, isSignedIn: boolean) {
  useEffect(() => {
    const heading = document.querySelector<HTMLElement>("main h1");
    const isUntouched = document.activeElement === document.body || document.activeElement?.tagName === "A";
    if (isSignedIn && isUntouched) heading?.focus({ preventScroll: true });
  }, [path, isSignedIn]);
}
