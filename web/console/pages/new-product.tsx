// A new product: with one variant, or with a variant for each combination of its options.

import { type Signal, useSignal } from "@preact/signals";
import { cutText } from "../../../src/text.ts";
import { navigate, to } from "../../shared/router.ts";
import { useAttempt } from "../attempt.ts";
import { NumberField, TextField } from "../parts/fields.tsx";
import { Card, Failure, Field, Notice, Title } from "../parts/parts.tsx";
import { combinations, MAX_VARIANTS, type OptionRow, type Options } from "../variants.ts";
import { t } from "../words/words.ts";
import { type Draft, keyOf, SKU_MAX, VariantDrafts } from "./variant-drafts.tsx";

export function NewProductPage() {
  return (
    <>
      <Title>{t.value.newProduct}</Title>
      <Card>
        <NewProduct created={(id) => navigate(to(`/products/${id}`))} />
      </Card>
    </>
  );
}

const MAX_OPTIONS = 4;

/** @param draft the product is not for sale at first */
export function NewProduct({ created, draft = false }: { created: (id: string) => void; draft?: boolean }) {
  const [name, description, price, stock] = [useSignal(""), useSignal(""), useSignal(""), useSignal("")];
  const [onSale, several] = [useSignal(!draft), useSignal(false)];
  const rows = useSignal<OptionRow[]>([
    { name: t.value.color, values: "" },
    { name: t.value.size, values: "" },
  ]);
  const drafts = useSignal<Record<string, Draft>>({});
  const prefix = useSignal("");
  const formError = useSignal<string | null>(null);

  const all = combinations(rows.value);
  const skuOf = (options: Options): string =>
    drafts.value[keyOf(options)]?.sku ??
    (prefix.value.trim() === "" ? "" : cutText([prefix.value.trim(), ...Object.values(options)].join("-"), SKU_MAX));
  const wanted = all.filter((options) => (drafts.value[keyOf(options)]?.stock ?? "") !== "");

  const create = useAttempt(async ({ key, shop }) => {
    const common = { name: name.value.trim(), description: description.value, status: onSale.value ? "ON_SALE" : "NOT_FOR_SALE" } as const;
    const variants = wanted.map((options) => {
      const { stock: variantStock, price: variantPrice = "" } = drafts.value[keyOf(options)] as Draft;
      const sku = skuOf(options).trim();
      const amount = Number(variantPrice === "" ? price.value : variantPrice);
      return { options, stock: Number(variantStock), price: amount, ...(sku === "" ? {} : { sku }) };
    });
    const body = several.value ? { ...common, variants } : { ...common, price: Number(price.value), stock: Number(stock.value) };
    const answer = await shop.createProducts({ body, idempotencyKey: key });
    if ("id" in answer.body) created(answer.body.id);
  });

  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        formError.value = several.value ? variantsError(all.length, wanted.length) : null;
        if (formError.value === null) void create.run();
      }}
    >
      <div class="form-grid">
        <TextField label={t.value.name} value={name} />
        <NumberField label={t.value.price} value={price} />
        {!several.value && <NumberField label={t.value.stock} value={stock} />}
      </div>
      <Field label={t.value.description}>
        <textarea rows={2} maxLength={10_000} value={description.value} onInput={({ currentTarget }) => (description.value = currentTarget.value)} />
      </Field>
      <Check label={t.value.severalVariants} checked={several} />
      {several.value && (
        <>
          <OptionRows rows={rows} />
          {all.length > MAX_VARIANTS && <Notice kind="warn">{t.value.tooManyVariants(MAX_VARIANTS)}</Notice>}
          {all.length > 0 && all.length <= MAX_VARIANTS && (
            <VariantDrafts all={all} wanted={wanted} drafts={drafts} prefix={prefix} skuOf={skuOf} price={price.value} />
          )}
        </>
      )}
      <Check label={t.value.onSaleAtOnce} checked={onSale} />
      {formError.value !== null && <Notice kind="bad">{formError.value}</Notice>}
      {create.error !== undefined && <Failure error={create.error} />}
      <button class="button primary small" type="submit" aria-disabled={create.busy}>
        {create.busy ? t.value.working : t.value.create}
      </button>
    </form>
  );
}

function variantsError(combinations: number, variants: number): string | null {
  if (combinations > MAX_VARIANTS) return t.value.tooManyVariants(MAX_VARIANTS);
  return variants === 0 ? t.value.noVariantHasStock : null;
}

function Check({ label, checked }: { label: string; checked: Signal<boolean> }) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked.value} onChange={({ currentTarget }) => (checked.value = currentTarget.checked)} />
      {label}
    </label>
  );
}

function OptionRows({ rows }: { rows: Signal<OptionRow[]> }) {
  const change = (i: number, next: Partial<OptionRow>): void =>
    void (rows.value = rows.value.map((row, other) => (other === i ? { ...row, ...next } : row)));
  return (
    <fieldset class="option-rows">
      <legend>{t.value.options}</legend>
      {rows.value.map((row, i) => (
        <div key={i} class="option-row">
          <Field label={t.value.optionName(i + 1)}>
            <input required maxLength={100} value={row.name} onInput={({ currentTarget }) => change(i, { name: currentTarget.value })} />
          </Field>
          <Field label={t.value.optionValues(i + 1)}>
            <input
              required
              maxLength={4000}
              placeholder={i === 0 ? t.value.valuesHint : ""}
              value={row.values}
              onInput={({ currentTarget }) => change(i, { values: currentTarget.value })}
            />
          </Field>
          {rows.value.length > 1 && (
            <button
              type="button"
              class="button small quiet"
              aria-label={t.value.removeOption(i + 1)}
              onClick={() => (rows.value = rows.value.filter((_, other) => other !== i))}
            >
              {t.value.remove}
            </button>
          )}
        </div>
      ))}
      {rows.value.length < MAX_OPTIONS && (
        <button type="button" class="button small quiet" onClick={() => (rows.value = [...rows.value, { name: "", values: "" }])}>
          {t.value.anotherOption}
        </button>
      )}
    </fieldset>
  );
}
