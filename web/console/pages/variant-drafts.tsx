import { type Signal, useSignal } from "@preact/signals";
import { formatNumber } from "../../shared/languages.ts";
import { NumberField, TextField } from "../parts/fields.tsx";
import { Matrix } from "../parts/matrix.tsx";
import { gridOf, nameOf, type Options } from "../variants.ts";
import { t } from "../words/words.ts";

export const SKU_MAX = 100;
const AMOUNT_MAX = 1_000_000_000_000;

/** The values typed for one combination of options. */
export type Draft = { stock?: string; sku?: string; price?: string };
type Drafts = Signal<Record<string, Draft>>;

export const keyOf = (options: Options): string => JSON.stringify(Object.entries(options));

type VariantDraftsProps = {
  all: Options[];
  /** The combinations that have a stock, and so become variants. */
  wanted: Options[];
  drafts: Drafts;
  prefix: Signal<string>;
  skuOf: (options: Options) => string;
  price: string;
};

/** Stock, SKU and price of each combination of options. */
export function VariantDrafts({ all, wanted, drafts, prefix, skuOf, price }: VariantDraftsProps) {
  const change = (options: Options, next: Draft): void =>
    void (drafts.value = { ...drafts.value, [keyOf(options)]: { ...drafts.value[keyOf(options)], ...next } });
  const units = wanted.reduce((sum, options) => sum + Number(drafts.value[keyOf(options)]?.stock), 0);
  return (
    <>
      <StockForAll fill={(stock) => all.forEach((options) => change(options, { stock }))} />
      <p class="muted">{t.value.leaveEmpty}</p>
      <Matrix
        caption={t.value.stock}
        grid={gridOf(all, (options) => options, nameOf)}
        cell={(options) => (
          <input
            class="few"
            type="number"
            inputMode="numeric"
            min={0}
            max={AMOUNT_MAX}
            aria-label={`${t.value.stock}: ${nameOf(options)}`}
            value={drafts.value[keyOf(options)]?.stock ?? ""}
            onInput={({ currentTarget }) => change(options, { stock: currentTarget.value })}
          />
        )}
      />
      <p class="number" role="status">
        {t.value.variantsSum(wanted.length, units)}
      </p>
      <details>
        <summary>{t.value.skuAndPrice}</summary>
        <div class="form-row">
          <TextField label={t.value.skuPrefix} hint={t.value.skuPrefixHint} value={prefix} max={60} optional />
        </div>
        <ul class="variant-drafts">
          {wanted.map((options) => (
            <li key={keyOf(options)}>
              <bdi>{nameOf(options)}</bdi>
              <input
                maxLength={SKU_MAX}
                aria-label={`SKU: ${nameOf(options)}`}
                placeholder="SKU"
                value={skuOf(options)}
                onInput={({ currentTarget }) => change(options, { sku: currentTarget.value })}
              />
              <input
                type="number"
                inputMode="numeric"
                min={0}
                max={AMOUNT_MAX}
                aria-label={`${t.value.price}: ${nameOf(options)}`}
                placeholder={price === "" ? t.value.price : formatNumber(Number(price))}
                value={drafts.value[keyOf(options)]?.price ?? ""}
                onInput={({ currentTarget }) => change(options, { price: currentTarget.value })}
              />
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

function StockForAll({ fill }: { fill: (stock: string) => void }) {
  const stock = useSignal("");
  return (
    <div class="form-row">
      <NumberField label={t.value.everyStock} value={stock} optional />
      <button type="button" class="button small" disabled={!/^\d+$/.test(stock.value)} onClick={() => fill(stock.value)}>
        {t.value.fill}
      </button>
    </div>
  );
}
