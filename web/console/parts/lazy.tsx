// Pages that are loaded when they are first opened, so that the console starts with the frame alone.

import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { t } from "../words/words.ts";
import { Busy, Notice, Title } from "./parts.tsx";

export type Lazy = {
  /** Starts to load the page. */
  load: () => void;
  Page: ComponentType<{ id: string }>;
};

/** @param load the `import()` of the page, which may ignore the id of the address */
export function lazy(load: () => Promise<ComponentType<{ id: string }>>): Lazy {
  const state = signal<ComponentType<{ id: string }> | "loading" | "failed" | undefined>(undefined);
  const start = (): void => {
    if (state.peek() !== undefined) return;
    state.value = "loading";
    load().then(
      (page) => (state.value = page),
      () => (state.value = "failed"),
    );
  };
  return {
    load: start,
    Page({ id }) {
      start();
      const page = state.value;
      if (page === "failed") return <NotLoadable />;
      if (page === undefined || page === "loading") return <Busy />;
      const Loaded = page;
      return <Loaded id={id} />;
    },
  };
}

/** The shop was upgraded since the console was opened, or does not respond: its files are read again with the page. */
function NotLoadable() {
  return (
    <>
      <Title>{t.value.pageNotLoaded}</Title>
      <Notice kind="bad">
        <p>{t.value.pageNotLoadedWords}</p>
        <button type="button" class="button small quiet" onClick={() => location.reload()}>
          {t.value.reload}
        </button>
      </Notice>
    </>
  );
}
