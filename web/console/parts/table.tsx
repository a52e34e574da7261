// A list of the shop's, page after page. On a phone each row is a card, and its cells say what they are.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../words/words.ts";
import { Busy, Failure } from "./parts.tsx";

export type Column<Row> = { head: string; cell: (row: Row) => ComponentChildren; end?: boolean; main?: boolean };

export function Table<Row>({ caption, columns, rows, keyOf }: { caption: string; columns: Column<Row>[]; rows: Row[]; keyOf: (row: Row) => string }) {
  if (rows.length === 0) return <p class="empty">{t.value.nothingHere}</p>;
  return (
    // Two columns fit a phone as they are.
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

const LOOK_AGAIN_MS = 2000;

type Page<Row> = { rows: Row[]; next: string | null };

/**
 * Reads a list's first page, and again when `key` changes; `more` brings the next. While something of its first page is `unsettled` that page is read
 * again by itself; whoever has gone on to the next is left alone.
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
  const turn = useSignal(0);

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

  const round = turn.value;
  useEffect(() => {
    const left = new AbortController();
    void read(null, left.signal);
    return () => left.abort();
  }, [key, round]);

  const { rows, next, loading, error, first } = state.value;
  const again = first && !loading && rows.some(unsettled);
  useEffect(() => {
    if (!again) return undefined;
    const timer = setTimeout(() => turn.value++, LOOK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [again]);

  return {
    rows,
    loading,
    error,
    more: next === null ? undefined : () => void read(next, new AbortController().signal),
    reload: () => turn.value++,
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
