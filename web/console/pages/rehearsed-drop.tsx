// The rehearsal of one drop: the choice of it, and its part of the report.

import { formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import type { Body } from "#client";
import { shop } from "../api.ts";
import { lasting } from "../duration.ts";
import { Card, Fact, Status } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { d } from "../words/drops.ts";
import { r } from "../words/rehearsals.ts";
import { statusWord, t } from "../words/words.ts";
import { Chosen } from "./product-choice.tsx";

type OneRehearsal = Body<"getRehearsal">;
type Report = NonNullable<OneRehearsal["report"]>;

export function ChosenDrop({ id, clear }: { id: string; clear: () => void }) {
  const { data, error, reload } = useResource(`chosen drop ${id}`, async (signal) => {
    const { body: drop } = await shop.getDrop({ path: { dropId: id }, signal });
    const { body: product } = await shop.getProduct({ path: { productId: drop.productId }, signal });
    return { drop, product };
  });
  return (
    <Chosen title={r.value.drop} error={error} retry={reload} clear={clear}>
      {data && (
        <>
          <p class="chosen-name">
            <a href={to(`/drops/${id}`)}>
              <bdi>{data.drop.name}</bdi>
            </a>
          </p>
          <p class="chosen-facts">
            <Status of={data.drop.status} /> {d.value[data.drop.mode]} ·{" "}
            <span class="number">
              {t.value.stock} {formatNumber(data.product.stock)}
            </span>{" "}
            · {d.value.limit}: {data.drop.limitPerCustomer === null ? d.value.noLimit : d.value.units(data.drop.limitPerCustomer)}
          </p>
          {data.drop.mode !== "DIRECT" && <p class="muted">{r.value.shortHolds}</p>}
        </>
      )}
    </Chosen>
  );
}

/** The mode and the limit that were rehearsed, for reading the report. */
export function RehearsedTerms({ rehearsal: { plan, dropId } }: { rehearsal: OneRehearsal }) {
  const { drop } = plan;
  if (drop === null || dropId === null) return null;
  return (
    <p class="muted lead">
      {d.value[drop.mode]} · {d.value.limit}: {drop.limitPerCustomer === null ? d.value.noLimit : d.value.units(drop.limitPerCustomer)}
      {drop.mode !== "DIRECT" && ` · ${r.value.giveUp}: ${formatNumber(drop.giveUpPercent)}`} · {r.value.manyAccounts}:{" "}
      {formatNumber(drop.manyAccountsPercent)}
    </p>
  );
}

export function DropOutcome({ report: { drop, manyAccounts }, plan }: { report: Report; plan: OneRehearsal["plan"] }) {
  if (!drop || plan.drop === null) return null;
  const limit = plan.drop.limitPerCustomer;
  const entries = Object.entries(drop.entries);
  return (
    <Card title={r.value.outcome}>
      <dl class="facts">
        <Fact name={r.value.sold}>{formatNumber(drop.sold)}</Fact>
        <Fact name={r.value.soldOutAfter}>{drop.soldOutAfterMs === null ? r.value.notSoldOut : lasting(drop.soldOutAfterMs)}</Fact>
        {plan.drop.mode !== "DIRECT" && <Fact name={r.value.lapsed}>{formatNumber(drop.holdsLapsed)}</Fact>}
        {manyAccounts && manyAccounts.people > 0 && (
          <Fact name={r.value.accounts} wide>
            {r.value.accountsWords(manyAccounts.people, manyAccounts.accounts, manyAccounts.units, manyAccounts.mostUnits)}{" "}
            {limit !== null && (manyAccounts.mostUnits > limit ? r.value.overLimit(limit) : r.value.withinLimit(limit))}
          </Fact>
        )}
      </dl>
      {entries.length > 0 && (
        <div class="above">
          <Table
            caption={d.value.entriesByStatus}
            rows={entries}
            keyOf={([status]) => status}
            columns={[
              { head: d.value.entriesByStatus, main: true, cell: ([status]) => statusWord(status) },
              { head: t.value.count, end: true, cell: ([, count]) => formatNumber(count) },
            ]}
          />
        </div>
      )}
    </Card>
  );
}
