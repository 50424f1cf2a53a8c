/** What is around every screen: who may see it, where to go, and how the page looks. */

import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";

import { healthQuery, signOut, whoAmI } from "../api/queries";
import { LANGUAGES, language, useSpeech, type Language } from "../i18n";
import { Mark, MoonIcon, ScreenIcon, SunIcon } from "../components/icons";
import { Trouble } from "../components/Trouble";
import { SignIn } from "../screens/SignIn";
import { session } from "./session";
import { useStored } from "./stored";
import { theme, THEMES } from "./theme";

export function Frame() {
  const { t } = useSpeech();
  const state = useStored(session);
  const isSignedIn = state.is === "in";
  const path = useRouterState({ select: (state) => state.location.pathname });
  useFocusOnArrival(path, isSignedIn);
  return (
    <div className="frame">
      <a className="skip" href="#content">
        {t.app.skip}
      </a>
      <header className="bar">
        <Link to="/" className="brand">
          <Mark />
          <span>Gotong</span>
        </Link>
        {isSignedIn && (
          <nav aria-label={t.app.navigation}>
            <Link to="/" activeOptions={{ exact: true }}>
              {t.app.overview}
            </Link>
            <Link to="/media" activeOptions={{ includeSearch: false }}>
              {t.app.media}
            </Link>
          </nav>
        )}
        <div className="settings">
          <LanguageChoice />
          <ThemeChoice />
          {isSignedIn && <SignOut />}
        </div>
      </header>
      {isSignedIn && <ConnectionNotice />}
      <main id="content" tabIndex={-1}>
        {state.is === "in" && <Outlet />}
        {state.is === "out" && <SignIn hasExpired={state.hasExpired} />}
        {state.is === "unknown" && <Recall />}
      </main>
    </div>
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
    <button type="button" className="plain" disabled={isPending} onClick={() => mutate()}>
      {t.app.signOut}
    </button>
  );
}

/** Says so when nothing answers, above what is still shown. */
function ConnectionNotice() {
  const { t } = useSpeech();
  const { isError } = useQuery(healthQuery);
  return <div role="status">{isError && <p className="strip">{t.problems.stale}</p>}</div>;
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
