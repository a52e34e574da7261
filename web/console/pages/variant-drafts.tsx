import { type Signal, useSignal } from "@preact/signals";
import { formatNumber } from "../../shared/languages.ts";
import { NumberField, TextField } from "../parts/fields.tsx";
import { Matrix } from "../parts/matrix.tsx";
import { PictureField } from "../parts/pictures.tsx";
import { Metadata } from "../parts/metadata.tsx";
import { Field } from "../parts/parts.tsx";
import { SKU_MAX } from "../product-fields.ts";
import { p } from "../words/products.ts";
import { gridOf, nameOf, type Options } from "../variants.ts";
import { t } from "../words/words.ts";

const AMOUNT_MAX = 1_000_000_000_000;

/** The values typed for one combination of options; `metadata` is the text of its field. */
export type Draft = { stock?: string; sku?: string; price?: string; imageUrl?: string; metadata?: string };
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
          {wanted.map((options, i) => (
            <VariantRow
              key={keyOf(options)}
              name={nameOf(options)}
              path={`/variants/${i}`}
              sku={skuOf(options)}
              draft={drafts.value[keyOf(options)] ?? {}}
              price={price}
              change={(next) => change(options, next)}
            />
          ))}
        </ul>
      </details>
    </>
  );
}

type VariantRowProps = { name: string; path: string; sku: string; draft: Draft; price: string; change: (next: Draft) => void };

function VariantRow({ name, path, sku, draft, price, change }: VariantRowProps) {
  return (
    <li>
      <bdi>{name}</bdi>
      <Field label="SKU" path={`${path}/sku`}>
        <input maxLength={SKU_MAX} aria-label={`SKU: ${name}`} value={sku} onInput={({ currentTarget }) => change({ sku: currentTarget.value })} />
      </Field>
      <Field label={t.value.price} path={`${path}/price`}>
        <input
          type="number"
          inputMode="numeric"
          min={0}
          max={AMOUNT_MAX}
          aria-label={`${t.value.price}: ${name}`}
          placeholder={price === "" ? "" : formatNumber(Number(price))}
          value={draft.price ?? ""}
          onInput={({ currentTarget }) => change({ price: currentTarget.value })}
        />
      </Field>
      <details class="more-fields">
        <summary>{p.value.moreOf(name)}</summary>
        <div class="form">
          <PictureField
            label={p.value.ownPicture}
            value={draft.imageUrl ?? ""}
            change={(imageUrl) => change({ imageUrl })}
            path={`${path}/imageUrl`}
            optional
          />
          <Metadata
            value={draft.metadata ?? ""}
            change={(metadata) => change({ metadata })}
            hint={p.value.variantMetadataHint}
            path={`${path}/metadata`}
          />
        </div>
      </details>
    </li>
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
