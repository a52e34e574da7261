// Users and their balances, and grants to many users from a file.

import { type Signal, useSignal } from "@preact/signals";
import { formatMoney } from "../../shared/languages.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { type ActionContext, perOperator } from "../attempt.ts";
import type { Grant, GrantFault, GrantFile, GrantProgress } from "../grants.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Filters } from "../parts/filters.tsx";
import { Bar, Card, FaultList, Field, Id, Notice, Title } from "../parts/parts.tsx";
import { TemplateLink } from "../parts/file-field.tsx";
import { ListTable, Table, useList } from "../parts/table.tsx";
import { mayChange } from "../session.ts";
import { u } from "../words/users.ts";
import { t } from "../words/words.ts";

export function Balances() {
  const q = route.value.query.get("q") ?? "";
  const list = useList(`users ${q}`, async (cursor, signal) => {
    const { body } = await shop.listUsers({ query: { limit: 50, ...cursor, ...(q ? { q } : {}) }, signal });
    return { rows: body.users, next: body.nextCursor };
  });
  return (
    <>
      <Title>{t.value.balances}</Title>
      <Filters search={{ label: t.value.nameOrExternal, value: q, find: (text) => navigate(to("/balances", { q: text || undefined })) }} />
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
      {mayChange("balances") && <GrantFromFile />}
    </>
  );
}

type State = GrantProgress & { busy: boolean; error: string | null };

/** Outlives the page: the operator can leave it and come back. */
const grantState = perOperator<State | null>(null);

function GrantFromFile() {
  const file = useSignal<GrantFile | null>(null);
  const unreadable = useSignal(false);
  const batch = useSignal("");
  const chosen = file.value;
  const name = batch.value.trim();
  const state = grantState();

  async function choose(first: File | undefined): Promise<void> {
    file.value = null;
    unreadable.value = false;
    state.value = null;
    if (first === undefined) return;
    try {
      // No other page needs the reader and its parser.
      const [{ readGrants }, bytes] = await Promise.all([import("../grants.ts"), first.arrayBuffer()]);
      file.value = readGrants(new Uint8Array(bytes));
    } catch {
      unreadable.value = true;
    }
  }

  return (
    <Card title={t.value.grantFromFile}>
      <p class="muted">{t.value.fileWords}</p>
      <p class="card-links">
        <TemplateLink name={u.value.templateName} text={u.value.templateRows}>
          {u.value.template}
        </TemplateLink>
      </p>
      <Field label={t.value.file}>
        <input type="file" accept=".csv,text/csv" onChange={({ currentTarget }) => void choose(currentTarget.files?.[0])} />
      </Field>
      <Field label={t.value.batch} hint={t.value.batchHint}>
        <input type="text" maxLength={100} value={batch.value} onInput={({ currentTarget }) => (batch.value = currentTarget.value)} />
      </Field>
      {unreadable.value && <Notice kind="bad">{t.value.fileUnreadable}</Notice>}
      {chosen && (
        <FaultList
          title={t.value.faultyRows(chosen.faults.length)}
          faults={chosen.faults.map((fault) => t.value.lineFault(fault.line, t.value.grantFault(fault)))}
        />
      )}
      {chosen && chosen.faults.length === 0 && (
        <>
          {chosen.encoding === "CP949" && chosen.grants[0] && <p class="muted">{t.value.fileReadAs(chosen.encoding, chosen.grants[0].reason)}</p>}
          <Preview grants={chosen.grants} />
          <div class="form-row">
            <p class="number">{t.value.grantsSum(chosen.grants.length, formatMoney(sum(chosen.grants)))}</p>
            <Confirm
              needs="balances"
              label={t.value.grant}
              tone="primary"
              quiet={false}
              run={async (context) => {
                const faults = await grantAll(chosen, name, context, state);
                if (faults.length > 0 && file.value === chosen) file.value = { ...chosen, faults };
              }}
              disabled={chosen.grants.length === 0 || name === ""}
            >
              {t.value.grantBatchWords(chosen.grants.length, formatMoney(sum(chosen.grants)), name)}
            </Confirm>
          </div>
        </>
      )}
      {state.value && <Outcome of={state.value} />}
    </Card>
  );
}

const PREVIEW_ROWS = 20;

function Preview({ grants }: { grants: Grant[] }) {
  return (
    <>
      <h3 class="small-head">
        {u.value.preview} {grants.length > PREVIEW_ROWS && <span class="muted">({u.value.firstRows(PREVIEW_ROWS)})</span>}
      </h3>
      <Table
        caption={u.value.preview}
        rows={grants.slice(0, PREVIEW_ROWS)}
        keyOf={({ line }) => String(line)}
        columns={[
          { head: t.value.user, main: true, cell: ({ userId }) => <Id of={userId} href={to(`/users/${userId}`)} /> },
          { head: t.value.amount, end: true, cell: ({ amount }) => formatMoney(amount) },
          { head: t.value.reason, cell: ({ reason }) => <bdi class="clip">{reason}</bdi> },
          { head: t.value.line, end: true, cell: ({ line }) => String(line) },
        ]}
      />
    </>
  );
}

function Outcome({ of: { of, granted, amount, before, busy, error } }: { of: State }) {
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

async function grantAll(file: GrantFile, batch: string, { shop }: ActionContext, state: Signal<State | null>): Promise<GrantFault[]> {
  state.value = null;
  const { grantFile } = await import("../grants.ts");
  try {
    const faults = await grantFile(shop, file, batch, (progress) => (state.value = { ...progress, busy: true, error: null }));
    if (state.peek() !== null) state.value = { ...(state.peek() as State), busy: false };
    return faults;
  } catch (error) {
    if (state.peek() !== null) state.value = { ...(state.peek() as State), busy: false, error: t.value.grantStopped };
    throw error;
  }
}

const sum = (grants: Grant[]): number => grants.reduce((total, { amount }) => total + amount, 0);
