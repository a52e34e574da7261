// A new product: one kind, or a matrix of sizes and colours as a drop of clothes has them.

import { type Signal, useSignal } from "@preact/signals";
import { formatNumber } from "../../shared/languages.ts";
import { useAttempt } from "../attempt.ts";
import { go, to } from "../../shared/router.ts";
import { NumberField, TextField } from "../parts/fields.tsx";
import { Matrix } from "../parts/matrix.tsx";
import { Card, Failure, Field, Notice, Title } from "../parts/parts.tsx";
import { combinations, gridOf, MOST_VARIANTS, nameOf, type OptionRow, type Options } from "../variants.ts";
import { t } from "../words/words.ts";
import { cutText } from "../../../src/text.ts";

export function NewProductPage() {
  return (
    <>
      <Title>{t.value.newProduct}</Title>
      <Card>
        <NewProduct made={(id) => go(to(`/products/${id}`))} />
      </Card>
    </>
  );
}

const MOST_OPTIONS = 4;
const SKU_MAX = 100;

/** What is typed of one combination. */
type Draft = { stock?: string; sku?: string; price?: string };

const keyOf = (options: Options): string => JSON.stringify(Object.entries(options));

export function NewProduct({ made, draft = false }: { made: (id: string) => void; draft?: boolean }) {
  const [name, description, price, stock] = [useSignal(""), useSignal(""), useSignal(""), useSignal("")];
  const [onSale, several] = [useSignal(!draft), useSignal(false)];
  const rows = useSignal<OptionRow[]>([
    { name: t.value.colour, values: "" },
    { name: t.value.size, values: "" },
  ]);
  const drafts = useSignal<Record<string, Draft>>({});
  const prefix = useSignal("");
  const trouble = useSignal<string | null>(null);

  const all = combinations(rows.value);
  const skuOf = (options: Options): string =>
    drafts.value[keyOf(options)]?.sku ??
    (prefix.value.trim() === "" ? "" : cutText([prefix.value.trim(), ...Object.values(options)].join("-"), SKU_MAX));
  const wanted = all.filter((options) => (drafts.value[keyOf(options)]?.stock ?? "") !== "");

  const create = useAttempt(async ({ key, shop }) => {
    const facts = { name: name.value.trim(), description: description.value, status: onSale.value ? "ON_SALE" : "NOT_FOR_SALE" } as const;
    const variants = wanted.map((options) => {
      const { stock: own, price: ownPrice = "" } = drafts.value[keyOf(options)] as Draft;
      const sku = skuOf(options).trim();
      return { options, stock: Number(own), price: Number(ownPrice === "" ? price.value : ownPrice), ...(sku === "" ? {} : { sku }) };
    });
    const body = several.value ? { ...facts, variants } : { ...facts, price: Number(price.value), stock: Number(stock.value) };
    const answer = await shop.createProducts({ body, idempotencyKey: key });
    if ("id" in answer.body) made(answer.body.id);
  });

  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        trouble.value = !several.value
          ? null
          : all.length > MOST_VARIANTS
            ? t.value.tooManyVariants(MOST_VARIANTS)
            : wanted.length === 0
              ? t.value.noVariantHasStock
              : null;
        if (trouble.value === null) void create.run();
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
          {all.length > MOST_VARIANTS && <Notice kind="warn">{t.value.tooManyVariants(MOST_VARIANTS)}</Notice>}
          {all.length > 0 && all.length <= MOST_VARIANTS && (
            <Drafts all={all} wanted={wanted} drafts={drafts} prefix={prefix} skuOf={skuOf} price={price.value} />
          )}
        </>
      )}
      <Check label={t.value.onSaleAtOnce} checked={onSale} />
      {trouble.value !== null && <Notice kind="bad">{trouble.value}</Notice>}
      {create.error !== undefined && <Failure error={create.error} />}
      <button class="button primary small" type="submit" aria-disabled={create.busy}>
        {create.busy ? t.value.working : t.value.create}
      </button>
    </form>
  );
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
              aria-label={t.value.dropOption(i + 1)}
              onClick={() => (rows.value = rows.value.filter((_, other) => other !== i))}
            >
              {t.value.remove}
            </button>
          )}
        </div>
      ))}
      {rows.value.length < MOST_OPTIONS && (
        <button type="button" class="button small quiet" onClick={() => (rows.value = [...rows.value, { name: "", values: "" }])}>
          {t.value.anotherOption}
        </button>
      )}
    </fieldset>
  );
}

type DraftsProps = {
  all: Options[];
  wanted: Options[];
  drafts: Signal<Record<string, Draft>>;
  prefix: Signal<string>;
  skuOf: (options: Options) => string;
  price: string;
};

function Drafts({ all, wanted, drafts, prefix, skuOf, price }: DraftsProps) {
  const every = useSignal("");
  const change = (options: Options, next: Draft): void =>
    void (drafts.value = { ...drafts.value, [keyOf(options)]: { ...drafts.value[keyOf(options)], ...next } });
  const pieces = wanted.reduce((sum, options) => sum + Number(drafts.value[keyOf(options)]?.stock), 0);
  return (
    <>
      <div class="form-row">
        <NumberField label={t.value.everyStock} value={every} optional />
        <button
          type="button"
          class="button small"
          disabled={!/^\d+$/.test(every.value)}
          onClick={() =>
            (drafts.value = Object.fromEntries(all.map((options) => [keyOf(options), { ...drafts.value[keyOf(options)], stock: every.value }])))
          }
        >
          {t.value.fill}
        </button>
      </div>
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
            max={1_000_000_000_000}
            aria-label={`${t.value.stock}: ${nameOf(options)}`}
            value={drafts.value[keyOf(options)]?.stock ?? ""}
            onInput={({ currentTarget }) => change(options, { stock: currentTarget.value })}
          />
        )}
      />
      <p class="number" role="status">
        {t.value.variantsSum(wanted.length, pieces)}
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
                max={1_000_000_000_000}
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
