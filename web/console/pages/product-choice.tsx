// The choice of a product, for a rehearsal or a drop: any product of the shop, or a new one.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Filters } from "../parts/filters.tsx";
import { Card, Failure, FoldedCard, Notice, Status } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { t } from "../words/words.ts";
import { NewProduct } from "./new-product.tsx";

/** Any product of the shop, or a new one. */
export function ProductChoice({ title, choose }: { title: string; choose: (id: string) => void }) {
  const query = useSignal("");
  const q = query.value;
  const list = useList(`products to choose ${q}`, async (cursor, signal) => {
    const { body } = await shop.listEveryProduct({ query: { limit: 10, ...cursor, ...(q ? { q } : {}) }, signal });
    return { rows: body.products, next: body.nextCursor };
  });
  return (
    <div class="stack">
      <Card title={title}>
        <Filters search={{ label: t.value.searchProducts, value: "", find: (text) => (query.value = text) }} />
        <ListTable
          list={list}
          caption={title}
          keyOf={({ id }) => id}
          columns={[
            {
              head: t.value.product,
              main: true,
              cell: ({ id, name }) => (
                <button type="button" class="link clip" onClick={() => choose(id)}>
                  <bdi>{name}</bdi>
                </button>
              ),
            },
            { head: t.value.stock, end: true, cell: ({ stock }) => formatNumber(stock) },
          ]}
        />
      </Card>
      <FoldedCard title={t.value.newProduct} open={!list.loading && list.rows.length === 0 && q === ""}>
        <NewProduct draft created={choose} />
      </FoldedCard>
    </div>
  );
}

type ChosenProductProps = {
  title: string;
  id: string;
  clear: () => void;
  /** Said of a product that is not for sale. */
  notForSale?: string;
};

export function ChosenProduct({ title, id, clear, notForSale = t.value.notYetOnSale }: ChosenProductProps) {
  const { data, error, reload } = useResource(
    `chosen product ${id}`,
    async (signal) => (await shop.getProduct({ path: { productId: id }, signal })).body,
  );
  return (
    <Chosen title={title} error={error} retry={reload} clear={clear}>
      {data && (
        <>
          <p class="chosen-name">
            <a href={to(`/products/${id}`)}>
              <bdi>{data.name}</bdi>
            </a>
          </p>
          <p class="chosen-facts">
            <Status of={data.status} /> <span class="number">{formatMoney(data.price ?? 0)}</span> ·{" "}
            <span class="number">
              {t.value.stock} {formatNumber(data.stock)}
            </span>
          </p>
          {data.status === "NOT_FOR_SALE" && <Notice kind="warn">{notForSale}</Notice>}
        </>
      )}
    </Chosen>
  );
}

type ChosenProps = { title: string; error: unknown; retry: () => Promise<void>; clear: () => void; children: ComponentChildren };

export function Chosen({ title, error, retry, clear, children }: ChosenProps) {
  return (
    <Card
      title={title}
      side={
        <button type="button" class="button small quiet" onClick={clear}>
          {t.value.another}
        </button>
      }
    >
      {error !== undefined && <Failure error={error} retry={() => void retry()} />}
      {children && <div class="chosen">{children}</div>}
    </Card>
  );
}
