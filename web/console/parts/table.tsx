// A list that is read page by page. On a phone each row is a card with labeled cells.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { remember, remembered } from "../../shared/resource.ts";
import { t } from "../words/words.ts";
import { Busy, Failure } from "./parts.tsx";

export type Column<Row> = { head: string; cell: (row: Row) => ComponentChildren; end?: boolean; main?: boolean };

type TableProps<Row> = {
  caption: string;
  columns: Column<Row>[];
  keyOf: (row: Row) => string;
  /** In place of the table if there are no rows. */
  empty?: ComponentChildren;
};

export function Table<Row>({ caption, columns, rows, keyOf, empty = t.value.emptyList }: TableProps<Row> & { rows: Row[] }) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    // Two columns fit a phone without cards.
    <table class={columns.length > 2 ? "many" : ""}>
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ head, end }) => (
            <th key={head} scope="col" class={end ? "end" : ""}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ head, cell, end, main }) => (
              <td key={head} data-head={head} class={`${end ? "end number" : ""} ${main ? "main" : ""}`}>
                <div>{cell(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export type List<Row> = {
  rows: Row[];
  loading: boolean;
  error: unknown;
  more: (() => void) | undefined;
  reload: () => void;
};

const POLL_MS = 2000;
const MAX_PAGES_AGAIN = 10;

type Page<Row> = { rows: Row[]; next: string | null };
type ListState<Row> = Page<Row> & { loading: boolean; error: unknown; pages: number };

/**
 * Reads the first page of a list, and again when `key` changes; `more` reads the next page. While a row of the first page is `unsettled`,
 * the list polls; it stops once the user has read further pages. A list that is opened again shows the rows that it had at once, and reads
 * as many pages again, so that "back" returns to the same place.
 * @param key unique in the console
 */
export function useList<Row>(
  key: string,
  load: (cursor: { cursor?: string }, signal: AbortSignal) => Promise<Page<Row>>,
  unsettled: (row: Row) => boolean = () => false,
): List<Row> {
  const state = useSignal<ListState<Row>>(initialState(key));
  const reloads = useSignal(0);
  const shownKey = useRef(key);
  if (shownKey.current !== key) {
    shownKey.current = key;
    state.value = initialState(key);
  }

  /** Reads this many pages anew, or the page after the rows that are shown. */
  const read = async (pages: number | "more", signal: AbortSignal): Promise<void> => {
    const before = state.peek();
    state.value = { ...before, loading: true, error: undefined };
    try {
      const rows = pages === "more" ? [...before.rows] : [];
      let next = pages === "more" ? before.next : null;
      const count = pages === "more" ? 1 : pages;
      for (let page = 0; page < count && (page === 0 || next !== null); page++) {
        const read = await load(next === null ? {} : { cursor: next }, signal);
        rows.push(...read.rows);
        next = read.next;
      }
      if (signal.aborted) return;
      state.value = { rows, next, loading: false, error: undefined, pages: pages === "more" ? before.pages + 1 : pages };
      remember(`list ${key}`, state.value);
    } catch (error) {
      if (!signal.aborted) state.value = { ...state.peek(), loading: false, error };
    }
  };

  const count = reloads.value;
  useEffect(() => {
    const controller = new AbortController();
    void read(Math.min(state.peek().pages, MAX_PAGES_AGAIN), controller.signal);
    return () => controller.abort();
  }, [key, count]);

  const { rows, next, loading, error, pages } = state.value;
  const poll = pages === 1 && !loading && rows.some(unsettled);
  useEffect(() => {
    if (!poll) return undefined;
    const timer = setTimeout(() => reloads.value++, POLL_MS);
    return () => clearTimeout(timer);
  }, [poll]);

  return {
    rows,
    loading,
    error,
    more: next === null ? undefined : () => void read("more", new AbortController().signal),
    reload: () => reloads.value++,
  };
}

function initialState<Row>(key: string): ListState<Row> {
  const known = remembered(`list ${key}`) as ListState<Row> | undefined;
  return { rows: [], next: null, error: undefined, pages: 1, ...known, loading: true };
}

export function ListTable<Row>({ list, ...table }: TableProps<Row> & { list: List<Row> }) {
  const { rows, loading, error, more, reload } = list;
  return (
    <div class="list" aria-busy={loading}>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {loading && rows.length === 0 ? <Busy /> : error !== undefined && rows.length === 0 ? null : <Table {...table} rows={rows} />}
      {more && (
        <button type="button" class="button small quiet more" disabled={loading} onClick={more}>
          {t.value.more}
        </button>
      )}
    </div>
  );
}
