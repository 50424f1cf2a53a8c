/** What is around every screen: who may see it, where to go, and how the page looks. */

import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";

import { healthQuery } from "../api/queries";
import { LANGUAGES, language, useSpeech, type Language } from "../i18n";
import { Mark, MoonIcon, ScreenIcon, SunIcon } from "../components/icons";
import { SignIn } from "../screens/SignIn";
import { session } from "./session";
import { useStored } from "./stored";
import { theme, THEMES } from "./theme";

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
