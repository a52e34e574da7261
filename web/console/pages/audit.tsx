import type { Body } from "#client";
import { formatInstant } from "../../shared/languages.ts";
import { shop } from "../api.ts";
import { perOperator } from "../attempt.ts";
import { Busy, Card, Failure, Notice, Title } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { t } from "../words/words.ts";

/** Outlives the page: the audit of a large shop takes minutes. */
const lastAudit = perOperator<{ busy: boolean; result?: Body<"audit">; error?: unknown }>({ busy: false });

async function runAudit(): Promise<void> {
  const state = lastAudit();
  state.value = { ...state.peek(), busy: true };
  try {
    state.value = { busy: false, result: (await shop.audit()).body };
  } catch (error) {
    state.value = { busy: false, error };
  }
}

export function Audit() {
  const { busy, result, error } = lastAudit().value;
  return (
    <>
      <Title
        side={
          <button type="button" class="button primary small" aria-disabled={busy} onClick={() => !busy && void runAudit()}>
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
          {t.value.invariantList.split("|").map((invariant, i) => {
            const broken = result?.violations.filter((violation) => violation.invariant === i + 1).length ?? 0;
            return (
              <li key={invariant} class={result === undefined ? "" : broken > 0 ? "bad" : "good"}>
                {invariant}
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
