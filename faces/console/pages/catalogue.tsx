import { useSignal } from "@preact/signals";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { go, place, to } from "../../shared/router.ts";
import { useAttempt } from "../../shared/attempt.ts";
import { shop } from "../api.ts";
import { Filters } from "../parts/filters.tsx";
import { Card, Failure, Field, Status, Title } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { statusWord, t } from "../words/words.ts";

const STATUSES = ["ON_SALE", "NOT_FOR_SALE"] as const;

export function Catalogue() {
  const { query } = place.value;
  const q = query.get("q") ?? "";
  const status = STATUSES.find((one) => one === query.get("status"));
  const list = useList(`${q} ${status}`, async (cursor, signal) => {
    const { body } = await shop.listEveryProduct({ query: { limit: 50, ...cursor, ...(q ? { q } : {}), ...(status ? { status } : {}) }, signal });
    return { rows: body.products, next: body.nextCursor };
  });
  const set = (next: Record<string, string | undefined>): void => go(to("/catalogue", { q: q || undefined, status, ...next }));
  return (
    <>
      <Title>{t.value.catalogue}</Title>
      <Filters
        search={{ label: t.value.name, value: q, find: (text) => set({ q: text || undefined }) }}
        choice={{
          label: t.value.status,
          value: status ?? "",
          options: STATUSES.map((one) => [one, statusWord(one)]),
          choose: (value) => set({ status: value || undefined }),
        }}
      />
      <ListTable
        list={list}
        caption={t.value.catalogue}
        keyOf={({ id }) => id}
        columns={[
          {
            head: t.value.product,
            main: true,
            cell: ({ id, name }) => (
              <a class="clip" href={to(`/products/${id}`)}>
                <bdi>{name}</bdi>
              </a>
            ),
          },
          { head: t.value.status, cell: ({ status }) => <Status of={status} /> },
          { head: t.value.price, end: true, cell: ({ price, variants }) => `${formatMoney(price)}${variants > 1 ? "~" : ""}` },
          { head: t.value.variants, end: true, cell: ({ variants }) => formatNumber(variants) },
          { head: t.value.stock, end: true, cell: ({ stock }) => formatNumber(stock) },
        ]}
      />
      <NewProduct made={(id) => go(to(`/products/${id}`))} />
    </>
  );
}

/** One product with one variant; what has several comes by the API. */
export function NewProduct({ made, draft = false }: { made: (id: string) => void; draft?: boolean }) {
  const [name, description, price, stock, onSale] = [useSignal(""), useSignal(""), useSignal(""), useSignal(""), useSignal(!draft)];
  const create = useAttempt(async (key) => {
    const { body } = await shop.createProducts({
      body: {
        name: name.value.trim(),
        description: description.value,
        price: Number(price.value),
        stock: Number(stock.value),
        status: onSale.value ? "ON_SALE" : "NOT_FOR_SALE",
      },
      idempotencyKey: key,
    });
    if ("id" in body) made(body.id);
  });
  return (
    <Card title={t.value.newProduct}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void create.run();
        }}
      >
        <div class="form-grid">
          <Field label={t.value.name}>
            <input required maxLength={300} value={name.value} onInput={({ currentTarget }) => (name.value = currentTarget.value)} />
          </Field>
          <Field label={t.value.price}>
            <input required type="number" min={0} value={price.value} onInput={({ currentTarget }) => (price.value = currentTarget.value)} />
          </Field>
          <Field label={t.value.stock}>
            <input required type="number" min={0} value={stock.value} onInput={({ currentTarget }) => (stock.value = currentTarget.value)} />
          </Field>
        </div>
        <Field label={t.value.description}>
          <textarea
            rows={2}
            maxLength={10_000}
            value={description.value}
            onInput={({ currentTarget }) => (description.value = currentTarget.value)}
          />
        </Field>
        <label class="check">
          <input type="checkbox" checked={onSale.value} onChange={({ currentTarget }) => (onSale.value = currentTarget.checked)} />
          {t.value.onSaleAtOnce}
        </label>
        {create.error !== undefined && <Failure error={create.error} />}
        <button class="button primary small" type="submit" disabled={create.busy}>
          {create.busy ? t.value.working : t.value.create}
        </button>
      </form>
    </Card>
  );
}
