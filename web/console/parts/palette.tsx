// Ctrl+K: opens any page, product, order, user, drop or coupon by its name.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { navigate, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { MENU } from "../pages.ts";
import { mayRead } from "../session.ts";
import { statusWord, t } from "../words/words.ts";

type Target = { key: string; kind: string; name: string; detail: string; address: string };

const PER_KIND = 5;
const PAUSE_MS = 180;

/** @param closed called when the dialog is closed, however */
export function Palette({ closed }: { closed: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const text = useSignal("");
  const found = useSignal<Target[]>([]);
  const chosen = useSignal(0);
  const isBusy = useSignal(false);
  useEffect(() => dialog.current?.showModal(), []);
  const query = text.value.trim();
  useEffect(() => {
    chosen.value = 0;
    found.value = [];
    if (query === "") return undefined;
    const controller = new AbortController();
    isBusy.value = true;
    const timer = setTimeout(() => {
      void search(query, controller.signal).then((targets) => {
        if (controller.signal.aborted) return;
        found.value = targets;
        isBusy.value = false;
      });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [query]);

  const all = [...pagesFor(query), ...found.value];
  const open = (target: Target | undefined): void => {
    if (target === undefined) return;
    dialog.current?.close();
    navigate(target.address);
  };
  const move = (step: number): void => {
    chosen.value = all.length === 0 ? 0 : (chosen.value + step + all.length) % all.length;
    document.querySelector(`#palette-${chosen.value}`)?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // While a Korean syllable is composed, Enter belongs to the input method.
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (step === undefined) open(all[chosen.value]);
    else move(step);
  };
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label={t.value.goTo}
      onClose={closed}
      onClick={({ target }) => target === dialog.current && dialog.current?.close()}
    >
      <input
        type="search"
        role="combobox"
        list={undefined}
        aria-label={t.value.goTo}
        aria-expanded={all.length > 0}
        aria-controls="palette-list"
        aria-activedescendant={all.length > 0 ? `palette-${chosen.value}` : undefined}
        aria-autocomplete="list"
        placeholder={t.value.goToHint}
        value={text.value}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <ul id="palette-list" role="listbox" aria-label={t.value.goTo}>
        {all.map((target, i) => (
          // The keyboard moves within the input, which names the chosen option.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
          <li
            key={target.key}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === chosen.value}
            onPointerMove={() => (chosen.value = i)}
            onClick={() => open(target)}
          >
            <span class="pill">{target.kind}</span> <bdi class="clip">{target.name}</bdi> <bdi class="muted">{target.detail}</bdi>
          </li>
        ))}
      </ul>
      <p class="muted" role="status">
        {isBusy.value && query !== "" ? t.value.searching : query !== "" && all.length === 0 ? t.value.nothingFound : ""}
      </p>
    </dialog>
  );
}

/** Without a query all pages of the menu. */
function pagesFor(query: string): Target[] {
  const wanted = query.toLowerCase();
  return MENU.flatMap(({ entries }) => entries)
    .filter(({ needs, word }) => mayRead(needs) && t.value[word].toLowerCase().includes(wanted))
    .map(({ word, path }) => ({ key: path, kind: t.value.page, name: t.value[word], detail: "", address: to(path) }));
}

/** All kinds at once; a kind that fails, or that the operator may not read, is left out. */
async function search(q: string, signal: AbortSignal): Promise<Target[]> {
  const wanted = q.toLowerCase();
  const query = { q, limit: PER_KIND };
  const kinds: (() => Promise<Target[]>)[] = [
    ...(mayRead("orders")
      ? [
          async () =>
            (await shop.listOrders({ query, signal })).body.orders.map(({ orderId, orderNumber, user, status }) =>
              target(t.value.order, orderNumber, [user?.name, statusWord(status)].filter(Boolean).join(" · "), `/orders/${orderId}`),
            ),
        ]
      : []),
    ...(mayRead("catalog")
      ? [
          async () =>
            (await shop.listEveryProduct({ query, signal })).body.products.map(({ id, name, status }) =>
              target(t.value.product, name, statusWord(status), `/products/${id}`),
            ),
        ]
      : []),
    ...(mayRead("customers")
      ? [
          async () =>
            (await shop.listUsers({ query, signal })).body.users.map(({ id, name, externalId }) =>
              target(t.value.user, name, externalId ?? "", `/users/${id}`),
            ),
        ]
      : []),
    async () =>
      (await shop.listDrops({ query: { limit: 100 }, signal })).body.drops
        .filter(({ name }) => name.toLowerCase().includes(wanted))
        .slice(0, PER_KIND)
        .map(({ id, name, status }) => target(t.value.drops, name, statusWord(status), `/drops/${id}`)),
  ];
  const results = await Promise.allSettled(kinds.map((read) => read()));
  return results.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
}

const target = (kind: string, name: string, detail: string, path: string): Target => ({ key: path, kind, name, detail, address: to(path) });
