import { useSignal } from "@preact/signals";
import { formatNumber } from "../../shared/languages.ts";
import { shop } from "../api.ts";
import { Card, Field, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { t } from "../words/words.ts";
import type { Variant } from "./product.tsx";

/** The initial stock of a variant and every adjustment since. Sales and refunds are listed with the orders. */
export function StockJournal({ variants, adjustments }: { variants: Variant[]; adjustments: number }) {
  const chosen = useSignal(variants[0]?.id ?? "");
  const id = chosen.value;
  const list = useList(`stock ${id} ${adjustments}`, async (cursor, signal) => {
    const { body } = await shop.listStockAdjustments({ path: { id }, query: { limit: 20, ...cursor }, signal });
    return { rows: body.adjustments, next: body.nextCursor };
  });
  return (
    <Card title={t.value.stockJournal}>
      <p class="muted">{t.value.stockJournalWords}</p>
      {variants.length > 1 && (
        <div class="form-row">
          <Field label={t.value.variant}>
            <select value={id} onChange={({ currentTarget }) => (chosen.value = currentTarget.value)}>
              {variants.map((variant) => (
                <option key={variant.id} value={variant.id}>
                  {variant.name}
                </option>
              ))}
            </select>
          </Field>
        </div>
      )}
      <ListTable
        list={list}
        caption={t.value.stockJournal}
        keyOf={(row) => row.id}
        columns={[
          {
            head: t.value.reason,
            main: true,
            cell: ({ reason }) => <bdi class="clip">{reason === "initial stock" ? t.value.initialStock : reason}</bdi>,
          },
          { head: t.value.change, end: true, cell: ({ delta }) => `${delta > 0 ? "+" : ""}${formatNumber(delta)}` },
          { head: t.value.stockAfter, end: true, cell: ({ stockAfter }) => formatNumber(stockAfter) },
          { head: t.value.at, cell: ({ createdAt }) => <When at={createdAt} /> },
        ]}
      />
    </Card>
  );
}
