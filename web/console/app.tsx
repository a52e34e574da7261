// The frame around every page of the console.

import { useSignal } from "@preact/signals";
import { type ComponentType, Fragment } from "preact";
import { useEffect } from "preact/hooks";
import { formatNumber, language } from "../shared/languages.ts";
import { route, subject, to } from "../shared/router.ts";
import { SkipLink } from "../shared/skip-link.tsx";
import { type Alert, alerts, MOST_COUNTED, useAlerts } from "./alerts.ts";
import { MENU, PAGES } from "./pages.ts";
import { SignIn } from "./pages/sign-in.tsx";
import { LanguageSwitch } from "./parts/language-switch.tsx";
import { Notice, Title } from "./parts/parts.tsx";
import { mayRead, session, signOut } from "./session.ts";
import { t } from "./words/words.ts";

export function App() {
  const { path } = route.value;
  const found = session.value === null ? undefined : PAGES.find((page) => page.path.test(path));
  const kind = session.value === null ? t.value.signIn : found ? t.value[found.menu] : t.value.notFound;
  const name = session.value !== null && subject.value !== "" ? `${subject.value} · ${kind}` : kind;
  useEffect(() => {
    document.title = `${name} · ${t.value.title}`;
  }, [name, language.value]);
  if (session.value === null) return <SignIn />;
  return (
    <div class="frame">
      <SkipLink words={t.value.skip} />
      <Side current={found?.menu} kind={kind} />
      {/* A new operator gets a new page, without the input of the one before. */}
      <main id="main">
        <Fragment key={session.value.name}>
          <Content page={found} id={found?.path.exec(path)?.[1] ?? ""} />
        </Fragment>
      </main>
    </div>
  );
}

function Content({ page, id }: { page: (typeof PAGES)[number] | undefined; id: string }) {
  if (page === undefined) return <Title>{t.value.notFound}</Title>;
  const needs = MENU.flatMap(({ entries }) => entries).find(({ word }) => word === page.menu)?.needs;
  if (needs !== undefined && !mayRead(needs))
    return (
      <>
        <Title>{t.value[page.menu]}</Title>
        <Notice kind="warn">{t.value.lacksPermission(needs)}</Notice>
      </>
    );
  // A page starts anew for each object.
  return <page.Page key={`${page.path.source} ${id}`} id={id} />;
}

/** The dialog of Ctrl+K, loaded when it is first opened. */
function GoTo() {
  const Palette = useSignal<ComponentType<{ closed: () => void }> | null>(null);
  const isOpen = useSignal(false);
  const open = async (): Promise<void> => {
    Palette.value ??= (await import("./parts/palette.tsx")).Palette;
    isOpen.value = true;
  };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k" || document.querySelector("dialog[open]") !== null) return;
      event.preventDefault();
      open().catch(() => {});
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
  const Loaded = Palette.value;
  return (
    <>
      <button type="button" class="button small quiet go-to" aria-keyshortcuts="Control+K" onClick={() => void open().catch(() => {})}>
        {t.value.goTo} <kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      {isOpen.value && Loaded !== null && <Loaded closed={() => (isOpen.value = false)} />}
    </>
  );
}

function Side({ current, kind }: { current: string | undefined; kind: string }) {
  useAlerts();
  const waiting = Object.values(alerts.value).reduce((sum, count) => sum + count, 0);
  const isOpen = useSignal(false);
  const { path } = route.value;
  useEffect(() => void (isOpen.value = false), [path]);
  return (
    <header class={`side ${isOpen.value ? "opened" : ""}`}>
      <div class="side-top">
        <a class="brand" href={to("/live")}>
          <span class="brand-mark" aria-hidden="true" />
          {t.value.title}
        </a>
        <GoTo />
        <button
          type="button"
          class="button small quiet menu-button"
          aria-expanded={isOpen.value}
          aria-controls="menu"
          onClick={() => (isOpen.value = !isOpen.value)}
        >
          <span class="visually-hidden">{t.value.menu}: </span>
          {kind}
          {waiting > 0 && (
            <>
              <span class="badge dot" aria-hidden="true" />
              <span class="visually-hidden">{t.value.alertsWaiting(formatNumber(waiting))}</span>
            </>
          )}
          <span aria-hidden="true">{isOpen.value ? "▴" : "▾"}</span>
        </button>
      </div>
      <div id="menu" class="side-menu">
        <nav aria-label={t.value.menu}>
          {MENU.map(({ head, entries }) => {
            const open = entries.filter(({ needs }) => mayRead(needs));
            if (open.length === 0) return null;
            return (
              <div key={head} class="menu-group" role="group" aria-label={t.value[head]}>
                <p class="menu-head" aria-hidden="true">
                  {t.value[head]}
                </p>
                {open.map(({ word, path }) => (
                  <a key={word} href={to(path)} aria-current={current === word ? "page" : undefined} onPointerEnter={() => preload(path)}>
                    {t.value[word]}
                    <Waiting word={word} />
                  </a>
                ))}
              </div>
            );
          })}
        </nav>
        <div class="side-foot">
          <LanguageSwitch />
          <a href="/docs">{t.value.apiDocs}</a>
          <a href="/">{t.value.storefront}</a>
          <button type="button" class="link" onClick={() => void signOut()}>
            {t.value.signOut} <bdi class="muted">{session.value?.name}</bdi>
          </button>
        </div>
      </div>
    </header>
  );
}

/** How many things wait for an operator behind a menu entry. */
function Waiting({ word }: { word: string }) {
  const count = alerts.value[word as Alert] ?? 0;
  if (count === 0) return null;
  const words = count >= MOST_COUNTED ? `${MOST_COUNTED}+` : formatNumber(count);
  return (
    <span class="badge">
      <span aria-hidden="true">{words}</span>
      <span class="visually-hidden">{t.value.alertsWaiting(words)}</span>
    </span>
  );
}

const preload = (path: string): void => PAGES.find((page) => page.path.test(path))?.load();
