// Users and their balances, and money for many of them from a file.

import { type Signal, useSignal } from "@preact/signals";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { go, place, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { type Mine, operatorsOwn } from "../attempt.ts";
import { chunks, type Grant, type GrantFile, keyOf as keyOfChunk, readGrants } from "../grants.ts";
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

/** Outlives the page: who leaves it and comes back finds it where it is. */
const under = operatorsOwn<Progress | null>(null);
type Progress = { done: number; of: number; error: string | null };

function FromFile() {
  const file = useSignal<GrantFile | null>(null);
  const chosen = file.value;
  const own = under();
  const progress = own.value;
  return (
    <Card title={t.value.grantFromFile}>
      <p class="muted">{t.value.fileWords}</p>
      <pre class="command">userId,amount,reason</pre>
      <Field label={t.value.file}>
        <input
          type="file"
          accept=".csv,text/csv"
          onChange={({ currentTarget }) => {
            const [first] = currentTarget.files ?? [];
            file.value = null;
            own.value = null;
            void first?.text().then((text) => (file.value = readGrants(text)));
          }}
        />
      </Field>
      {chosen?.faults.map((fault) => (
        <Notice key={fault.line} kind="bad">
          {t.value.lineFault(fault.line, t.value[fault.what])}
        </Notice>
      ))}
      {chosen && chosen.faults.length === 0 && (
        <div class="form-row">
          <p class="number">{t.value.grantsSum(chosen.grants.length, formatMoney(sum(chosen.grants)))}</p>
          <Confirm
            label={t.value.grant}
            title={t.value.grant}
            act={t.value.grant}
            tone="primary"
            quiet={false}
            run={(mine) => grantAll(chosen, mine, own)}
            disabled={chosen.grants.length === 0}
          >
            {t.value.grantWords(chosen.grants.length, formatMoney(sum(chosen.grants)))}
          </Confirm>
        </div>
      )}
      {progress && (
        <div role="status">
          <Bar share={progress.done / progress.of} label={t.value.progress} tone={progress.error ? "bad" : "good"} />
          <p class="number">{t.value.grantedSoFar(formatNumber(progress.done), formatNumber(progress.of))}</p>
          {progress.error && <Notice kind="bad">{progress.error}</Notice>}
        </div>
      )}
    </Card>
  );
}

/** One part after the other, each all or nothing under a key made of the file: the same file again gives nobody anything twice for two days. */
async function grantAll({ grants, hash }: GrantFile, { shop }: Mine, under: Signal<Progress | null>): Promise<void> {
  const of = grants.length;
  under.value = { done: 0, of, error: null };
  try {
    for (const [i, part] of chunks(grants).entries()) {
      await shop.grantBalances({ body: { grants: part }, idempotencyKey: keyOfChunk(hash, i) });
      under.value = { done: (under.value?.done ?? 0) + part.length, of, error: null };
    }
  } catch (error) {
    under.value = { ...(under.value ?? { done: 0, of }), error: t.value.grantStopped };
    throw error;
  }
}

const sum = (grants: Grant[]): number => grants.reduce((total, { amount }) => total + amount, 0);
