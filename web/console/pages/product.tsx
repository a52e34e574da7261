// One product: what is left of each variant, how it came and went, and what can be changed of it.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Body } from "#client";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { useAttempt } from "../attempt.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { useForm } from "../form.ts";
import { Confirm } from "../parts/confirm.tsx";
import { NumberField, ReasonField, TextField } from "../parts/fields.tsx";
import { Matrix } from "../parts/matrix.tsx";
import { Card, Failure, Field, Notice, Status, Title, Unread, When } from "../parts/parts.tsx";
import { ListTable, Table, useList } from "../parts/table.tsx";
import { asTyped, gridOf, nameOf } from "../variants.ts";
import { t } from "../words/words.ts";

type OneProduct = Body<"getProduct">;
type Variant = OneProduct["variants"][number];

export function Product({ id }: { id: string }) {
  const { data, error, reload } = useResource(id, async (signal) => (await shop.getProduct({ path: { productId: id }, signal })).body);
  const said = useSignal<string | null>(null);
  /** Counts what was changed of the stock: the journal is read again. */
  const changes = useSignal(0);
  if (data === undefined) return <Unread title={t.value.product} error={error} retry={reload} />;
  const forSale = data.status !== "NOT_FOR_SALE";
  const tell = async (words: string): Promise<void> => {
    said.value = words;
    await reload();
  };
  return (
    <>
      <Title
        side={
          <>
            <Status of={data.status} />
            <Confirm
              label={forSale ? t.value.takeOffSale : t.value.putOnSale}
              title={forSale ? t.value.takeOffSale : t.value.putOnSale}
              act={forSale ? t.value.takeOffSale : t.value.putOnSale}
              tone={forSale ? "danger" : "primary"}
              run={async ({ key, shop }) => {
                await shop.editProduct({ path: { id }, body: { status: forSale ? "NOT_FOR_SALE" : "ON_SALE" }, idempotencyKey: key });
                await tell(t.value.saved);
              }}
            >
              {forSale ? t.value.takeOffSaleWords : t.value.putOnSaleWords}
            </Confirm>
            <a class="button small quiet" href={to("/drop", { product: id })}>
              {t.value.prepareDrop}
            </a>
          </>
        }
      >
        <bdi>{data.name}</bdi>
      </Title>
      {said.value && <Notice kind="good">{said.value}</Notice>}
      <Stock
        product={data}
        changed={(whole) => {
          changes.value++;
          return whole ? tell(t.value.stockAdjusted) : reload();
        }}
      />
      <Card title={t.value.variants}>
        <Table
          caption={t.value.variants}
          rows={data.variants}
          keyOf={(variant) => variant.id}
          columns={[
            { head: t.value.name, main: true, cell: ({ name }) => <bdi class="clip">{name}</bdi> },
            { head: "SKU", cell: ({ sku }) => <bdi class="id clip">{sku ?? "–"}</bdi> },
            { head: t.value.status, cell: ({ status }) => <Status of={status} /> },
            { head: t.value.price, end: true, cell: ({ price }) => formatMoney(price ?? 0) },
            { head: t.value.stock, end: true, cell: ({ stock }) => formatNumber(stock) },
            {
              head: t.value.actions,
              end: true,
              cell: (variant) => <EditVariant productId={id} variant={variant} done={() => tell(t.value.saved)} />,
            },
          ]}
        />
      </Card>
      <Journal variants={data.variants} changes={changes.value} />
      <Edit id={id} product={data} done={() => tell(t.value.saved)} />
    </>
  );
}

/** Pieces that arrive or leave, of as many variants at once as a delivery has, for one reason. @param changed told whether all of it was done */
function Stock({ product, changed }: { product: OneProduct; changed: (whole: boolean) => Promise<void> }) {
  const deltas = useSignal<Record<string, string>>({});
  const reason = useSignal("");
  const form = useRef<HTMLFormElement>(null);
  const { variants } = product;
  const byOf = ({ id }: Variant): number => Math.trunc(Number(deltas.value[id] ?? 0) || 0);
  const moved = variants.filter((variant) => byOf(variant) !== 0);
  const sum = (sign: 1 | -1): number => moved.reduce((total, variant) => total + Math.max(0, sign * byOf(variant)), 0);
  return (
    <Card title={t.value.stock} side={<span class="muted number">{t.value.stockSum(variants.length, product.stock)}</span>}>
      <form ref={form} class="form" onSubmit={(event) => event.preventDefault()}>
        <Matrix
          caption={t.value.stock}
          grid={gridOf(variants, asTyped, ({ name }) => name)}
          cell={(variant) => (
            <span class="stock-cell">
              <span class={`number ${variant.stock === 0 ? "gone" : ""}`}>{formatNumber(variant.stock)}</span>
              <input
                class="few"
                type="number"
                step={1}
                min={-variant.stock}
                max={1_000_000_000_000}
                placeholder="±"
                aria-label={`${t.value.delta}: ${variant.name}`}
                value={deltas.value[variant.id] ?? ""}
                onInput={({ currentTarget }) => (deltas.value = { ...deltas.value, [variant.id]: currentTarget.value })}
              />
            </span>
          )}
        />
        <ReasonField label={t.value.reason} value={reason} />
      </form>
      <div class="form-row">
        <Confirm
          label={t.value.adjustStock}
          title={t.value.adjustStock}
          act={t.value.adjust}
          tone="primary"
          quiet={false}
          disabled={moved.length === 0}
          ready={() => form.current?.reportValidity() ?? false}
          run={async ({ key, shop }) => {
            try {
              for (const variant of moved) {
                // A key of its own each: what is done already is not done again, and no longer stands in the form.
                const body = { delta: byOf(variant), reason: reason.value.trim() };
                await shop.adjustStock({ path: { id: variant.id }, body, idempotencyKey: `${key}-${variant.id}` });
                deltas.value = { ...deltas.value, [variant.id]: "" };
              }
            } catch (failure) {
              await changed(false);
              throw failure;
            }
            reason.value = "";
            await changed(true);
          }}
        >
          <p>{t.value.adjustWords(moved.length, sum(1), sum(-1))}</p>
          <ul class="moves">
            {moved.map((variant) => (
              <li key={variant.id}>
                <bdi class="clip">{variant.name}</bdi>
                <span class="number">{t.value.stockWillBe(variant.stock, variant.stock + byOf(variant))}</span>
              </li>
            ))}
          </ul>
          <p class="muted">
            {t.value.reason}: <bdi>{reason.value}</bdi>
          </p>
        </Confirm>
      </div>
    </Card>
  );
}

function EditVariant({ productId, variant, done }: { productId: string; variant: Variant; done: () => Promise<void> }) {
  const form = useForm(() => ({ name: variant.name, sku: variant.sku ?? "", price: String(variant.price ?? "") }));
  const { name, sku, price } = form.fields;
  const options = useSignal(asTyped(variant));
  return (
    <Confirm
      label={t.value.edit}
      about={variant.name}
      title={`${t.value.edit}: ${variant.name}`}
      act={t.value.save}
      tone="primary"
      opened={() => {
        form.reset();
        options.value = asTyped(variant);
      }}
      run={async ({ key, shop }) => {
        const changed = form.changed();
        const before = asTyped(variant);
        const moved = Object.entries(options.value).some(([option, value]) => value.trim() !== before[option]);
        // A name that was made of the options follows them.
        const called = changed.name ?? (moved && nameOf(before) === variant.name ? nameOf(options.value) : undefined);
        const edit = {
          ...(changed.price === undefined ? {} : { price: Number(changed.price) }),
          ...(called === undefined ? {} : { name: called }),
          ...(changed.sku === undefined ? {} : { sku: changed.sku }),
          ...(moved ? { options: options.value } : {}),
        };
        if (Object.keys(edit).length > 0)
          await shop.editProduct({ path: { id: productId }, body: { variants: [{ id: variant.id, ...edit }] }, idempotencyKey: key });
        await done();
      }}
    >
      <TextField label={t.value.name} value={name} />
      {Object.entries(options.value).map(([option, value]) => (
        <Field key={option} label={option}>
          <input
            maxLength={200}
            value={value}
            onInput={({ currentTarget }) => (options.value = { ...options.value, [option]: currentTarget.value })}
          />
        </Field>
      ))}
      <TextField label="SKU" value={sku} max={100} optional={variant.sku === null} />
      <NumberField label={t.value.price} value={price} />
    </Confirm>
  );
}

/** Why a variant's stock is what it is, but for what was sold. */
function Journal({ variants, changes }: { variants: Variant[]; changes: number }) {
  const chosen = useSignal(variants[0]?.id ?? "");
  const id = chosen.value;
  const list = useList(`${id} ${changes}`, async (cursor, signal) => {
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

function Edit({ id, product, done }: { id: string; product: OneProduct; done: () => Promise<void> }) {
  const form = useForm(() => ({ name: product.name, description: product.description ?? "" }));
  const { name, description } = form.fields;
  useEffect(form.follow, [product]);
  const save = useAttempt(async ({ key, shop }) => {
    const body = form.changed();
    if (Object.keys(body).length > 0) await shop.editProduct({ path: { id }, body, idempotencyKey: key });
    await done();
  });
  return (
    <Card title={t.value.edit}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save.run();
        }}
      >
        <TextField label={t.value.name} value={name} />
        <Field label={t.value.description}>
          <textarea
            rows={3}
            maxLength={10_000}
            value={description.value}
            onInput={({ currentTarget }) => (description.value = currentTarget.value)}
          />
        </Field>
        {save.error !== undefined && <Failure error={save.error} />}
        <button class="button primary small" type="submit" aria-disabled={save.busy}>
          {save.busy ? t.value.working : t.value.save}
        </button>
      </form>
    </Card>
  );
}
