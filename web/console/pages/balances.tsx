// Users and their balances, and money for many of them from a file.

import { type Signal, useSignal } from "@preact/signals";
import { formatMoney } from "../../shared/languages.ts";
import { go, place, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { type Mine, operatorsOwn } from "../attempt.ts";
import type { Grant, GrantFault, GrantFile, Granting } from "../grants.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Filters } from "../parts/filters.tsx";
import { Bar, Card, Field, Id, Notice, Title } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { t } from "../words/words.ts";

export function Balances() {
  const q = place.value.query.get("q") ?? "";
  const list = useList(q, async (cursor, signal) => {
    const { body } = await shop.listUsers({ query: { limit: 50, ...cursor, ...(q ? { q } : {}) }, signal });
    return { rows: body.users, next: body.nextCursor };
  });
  return (
    <>
      <Title>{t.value.balances}</Title>
      <Filters search={{ label: t.value.nameOrExternal, value: q, find: (text) => go(to("/balances", { q: text || undefined })) }} />
      <ListTable
        list={list}
        caption={t.value.balances}
        keyOf={({ id }) => id}
        columns={[
          {
            head: t.value.name,
            main: true,
            cell: ({ id, name }) => (
              <a class="clip" href={to(`/users/${id}`)}>
                <bdi>{name}</bdi>
              </a>
            ),
          },
          { head: t.value.externalId, cell: ({ externalId }) => <bdi class="id">{externalId ?? "–"}</bdi> },
          { head: t.value.user, cell: ({ id }) => <Id of={id} /> },
        ]}
      />
      <FromFile />
    </>
  );
}

type Under = Granting & { busy: boolean; error: string | null };

/** Outlives the page: who leaves it and comes back finds it where it is. */
const under = operatorsOwn<Under | null>(null);

function FromFile() {
  const file = useSignal<GrantFile | null>(null);
  const unreadable = useSignal(false);
  const batch = useSignal("");
  const chosen = file.value;
  const name = batch.value.trim();
  const own = under();

  async function choose(first: File | undefined): Promise<void> {
    file.value = null;
    unreadable.value = false;
    own.value = null;
    if (first === undefined) return;
    try {
      // The reader comes with a parser that no other page needs.
      const [{ readGrants }, bytes] = await Promise.all([import("../grants.ts"), first.arrayBuffer()]);
      file.value = readGrants(new Uint8Array(bytes));
    } catch {
      unreadable.value = true;
    }
  }

  return (
    <Card title={t.value.grantFromFile}>
      <p class="muted">{t.value.fileWords}</p>
      <pre class="command">userId,amount,reason</pre>
      <Field label={t.value.file}>
        <input type="file" accept=".csv,text/csv" onChange={({ currentTarget }) => void choose(currentTarget.files?.[0])} />
      </Field>
      <Field label={t.value.batch} hint={t.value.batchHint}>
        <input type="text" maxLength={100} value={batch.value} onInput={({ currentTarget }) => (batch.value = currentTarget.value)} />
      </Field>
      {unreadable.value && <Notice kind="bad">{t.value.fileUnreadable}</Notice>}
      {chosen && <Faults of={chosen.faults} />}
      {chosen && chosen.faults.length === 0 && (
        <>
          {chosen.encoding === "CP949" && chosen.grants[0] && <p class="muted">{t.value.fileReadAs(chosen.encoding, chosen.grants[0].reason)}</p>}
          <div class="form-row">
            <p class="number">{t.value.grantsSum(chosen.grants.length, formatMoney(sum(chosen.grants)))}</p>
            <Confirm
              label={t.value.grant}
              title={t.value.grant}
              act={t.value.grant}
              tone="primary"
              quiet={false}
              run={async (mine) => {
                const faults = await grantAll(chosen, name, mine, own);
                if (faults.length > 0 && file.value === chosen) file.value = { ...chosen, faults };
              }}
              disabled={chosen.grants.length === 0 || name === ""}
            >
              {t.value.grantBatchWords(chosen.grants.length, formatMoney(sum(chosen.grants)), name)}
            </Confirm>
          </div>
        </>
      )}
      {own.value && <Outcome of={own.value} />}
    </Card>
  );
}

/** Every one of them: a file is corrected once, not fault by fault. */
function Faults({ of: faults }: { of: GrantFault[] }) {
  if (faults.length === 0) return null;
  return (
    <Notice kind="bad">
      {t.value.faultyRows(faults.length)}
      <ul class="faults" tabIndex={0} aria-label={t.value.faultyRows(faults.length)}>
        {faults.map((fault, i) => (
          <li key={i}>{t.value.lineFault(fault.line, t.value.grantFault(fault))}</li>
        ))}
      </ul>
    </Notice>
  );
}

function Outcome({ of: { of, granted, amount, before, busy, error } }: { of: Under }) {
  const rest = of - granted - before;
  return (
    <div role="status">
      <Bar share={of === 0 ? 0 : (granted + before) / of} label={t.value.progress} tone={error ? "bad" : "good"} />
      {!busy && granted === 0 && before === of ? (
        <p>{t.value.grantedNothing(of)}</p>
      ) : (
        <>
          <p class="number">{t.value.grantedNow(granted, formatMoney(amount))}</p>
          {before > 0 && <p class="number">{t.value.grantedBefore(before)}</p>}
          {!busy && rest > 0 && <p class="number">{t.value.notGranted(rest)}</p>}
        </>
      )}
      {error && <Notice kind="bad">{error}</Notice>}
    </div>
  );
}

async function grantAll(file: GrantFile, batch: string, { shop }: Mine, under: Signal<Under | null>): Promise<GrantFault[]> {
  under.value = null;
  const { grantFile } = await import("../grants.ts");
  try {
    const faults = await grantFile(shop, file, batch, (sofar) => (under.value = { ...sofar, busy: true, error: null }));
    if (under.peek() !== null) under.value = { ...(under.peek() as Under), busy: false };
    return faults;
  } catch (error) {
    if (under.peek() !== null) under.value = { ...(under.peek() as Under), busy: false, error: t.value.grantStopped };
    throw error;
  }
}

const sum = (grants: Grant[]): number => grants.reduce((total, { amount }) => total + amount, 0);
