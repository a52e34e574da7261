import type { Body } from "#client";
import { formatInstant } from "../../shared/languages.ts";
import { shop } from "../api.ts";
import { operatorsOwn } from "../attempt.ts";
import { Busy, Card, Failure, Notice, Title } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { t } from "../words/words.ts";

/** Outlives the page: of a large shop it takes its time. */
const last = operatorsOwn<{ busy: boolean; result?: Body<"audit">; error?: unknown }>({ busy: false });

async function check(): Promise<void> {
  const own = last();
  own.value = { ...own.peek(), busy: true };
  try {
    own.value = { busy: false, result: (await shop.audit()).body };
  } catch (error) {
    own.value = { busy: false, error };
  }
}

export function Audit() {
  const { busy, result, error } = last().value;
  return (
    <>
      <Title
        side={
          <button type="button" class="button primary small" aria-disabled={busy} onClick={() => !busy && void check()}>
            {busy ? t.value.working : t.value.auditNow}
          </button>
        }
      >
        {t.value.audit}
      </Title>
      <p class="muted">{t.value.auditWords}</p>
      {busy && <Busy words={t.value.auditing} />}
      {error !== undefined && <Failure error={error} />}
      {result && (
        <Notice kind={result.violations.length === 0 ? "good" : "bad"}>
          {result.violations.length === 0 ? t.value.noViolations : t.value.violations(result.violations.length)} · {formatInstant(result.checkedAt)}
        </Notice>
      )}
      <Card title={t.value.invariants}>
        <ol class="invariants">
          {t.value.invariantList.split("|").map((words, i) => {
            const broken = result?.violations.filter(({ invariant }) => invariant === i + 1).length ?? 0;
            return (
              <li key={words} class={result === undefined ? "" : broken > 0 ? "bad" : "good"}>
                {words}
              </li>
            );
          })}
        </ol>
      </Card>
      {result && result.violations.length > 0 && (
        <Card title={t.value.violationList}>
          <Table
            caption={t.value.violationList}
            rows={result.violations}
            keyOf={(violation) => JSON.stringify(violation)}
            columns={[
              { head: "#", end: true, cell: ({ invariant }) => invariant },
              { head: t.value.difference, main: true, cell: ({ what }) => what },
              {
                head: t.value.details,
                cell: ({ invariant: _invariant, what: _what, ...details }) => <span class="id">{JSON.stringify(details)}</span>,
              },
            ]}
          />
        </Card>
      )}
    </>
  );
}
