/** What is around every screen: who may see it, where to go, and how the page looks. */

import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";

import { healthQuery } from "../api/queries";
import { LANGUAGES, language, useSpeech, type Language } from "../i18n";
import { Mark } from "../components/icons";
import { SignIn } from "../screens/SignIn";
import { session } from "./session";
import { useStored } from "./stored";
import { theme, THEMES, type Theme } from "./theme";

export function Frame() {
  const { t } = useSpeech();
  const isSignedIn = useStored(session) !== null;
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
          {isSignedIn && (
            <button type="button" className="plain" onClick={() => session.end()}>
              {t.app.signOut}
            </button>
          )}
        </div>
      </header>
      {isSignedIn && <ConnectionNotice />}
      <main id="content" tabIndex={-1}>
        {isSignedIn ? <Outlet /> : <SignIn />}
      </main>
    </div>
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
    <select
      aria-label={t.app.language}
      value={chosen}
      onChange={(event) => language.set(event.target.value as Language)}
    >
      {Object.entries(LANGUAGES).map(([tag, { name }]) => (
        <option key={tag} value={tag} lang={tag}>
          {name}
        </option>
      ))}
    </select>
  );
}

function ThemeChoice() {
  const { t } = useSpeech();
  const chosen = useStored(theme);
  return (
    <select aria-label={t.app.theme} value={chosen} onChange={(event) => theme.set(event.target.value as Theme)}>
      {THEMES.map((each) => (
        <option key={each} value={each}>
          {t.app.themes[each]}
        </option>
      ))}
    </select>
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
