// A list that is read page by page. On a phone each row is a card with labeled cells.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../words/words.ts";
import { Busy, Failure } from "./parts.tsx";

export type Column<Row> = { head: string; cell: (row: Row) => ComponentChildren; end?: boolean; main?: boolean };

export function Table<Row>({ caption, columns, rows, keyOf }: { caption: string; columns: Column<Row>[]; rows: Row[]; keyOf: (row: Row) => string }) {
  if (rows.length === 0) return <p class="empty">{t.value.emptyList}</p>;
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

type Page<Row> = { rows: Row[]; next: string | null };

/**
 * Reads the first page of a list, and again when `key` changes; `more` reads the next page. While a row of the first page is `unsettled`,
 * the list polls; it stops once the user has read further pages.
 */
export function useList<Row>(
  key: string,
  load: (cursor: { cursor?: string }, signal: AbortSignal) => Promise<Page<Row>>,
  unsettled: (row: Row) => boolean = () => false,
): List<Row> {
  const state = useSignal<{ rows: Row[]; next: string | null; loading: boolean; error: unknown; first: boolean }>({
    rows: [],
    next: null,
    loading: true,
    error: undefined,
    first: true,
  });
  const reloads = useSignal(0);

  const read = async (from: string | null, signal: AbortSignal): Promise<void> => {
    state.value = { ...state.peek(), loading: true, error: undefined };
    try {
      const { rows, next } = await load(from === null ? {} : { cursor: from }, signal);
      if (!signal.aborted)
        state.value = { rows: from === null ? rows : [...state.peek().rows, ...rows], next, loading: false, error: undefined, first: from === null };
    } catch (error) {
      if (!signal.aborted) state.value = { ...state.peek(), loading: false, error };
    }
  };

  const count = reloads.value;
  useEffect(() => {
    const controller = new AbortController();
    void read(null, controller.signal);
    return () => controller.abort();
  }, [key, count]);

  const { rows, next, loading, error, first } = state.value;
  const poll = first && !loading && rows.some(unsettled);
  useEffect(() => {
    if (!poll) return undefined;
    const timer = setTimeout(() => reloads.value++, POLL_MS);
    return () => clearTimeout(timer);
  }, [poll]);

  return {
    rows,
    loading,
    error,
    more: next === null ? undefined : () => void read(next, new AbortController().signal),
    reload: () => reloads.value++,
  };
}

export function ListTable<Row>({ list, ...table }: { list: List<Row>; caption: string; columns: Column<Row>[]; keyOf: (row: Row) => string }) {
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
