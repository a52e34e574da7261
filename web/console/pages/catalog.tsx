import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Filters } from "../parts/filters.tsx";
import { Status, Title } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { p } from "../words/products.ts";
import { statusWord, t } from "../words/words.ts";

const STATUSES = ["ON_SALE", "NOT_FOR_SALE"] as const;

export function Catalog() {
  const { query } = route.value;
  const q = query.get("q") ?? "";
  const status = STATUSES.find((value) => value === query.get("status"));
  const list = useList(`catalog ${status} ${q}`, async (cursor, signal) => {
    const { body } = await shop.listEveryProduct({ query: { limit: 50, ...cursor, ...(q ? { q } : {}), ...(status ? { status } : {}) }, signal });
    return { rows: body.products, next: body.nextCursor };
  });
  const set = (next: Record<string, string | undefined>): void => navigate(to("/catalog", { q: q || undefined, status, ...next }));
  return (
    <>
      <Title
        side={
          <a class="button primary small" href={to("/products/new")}>
            {t.value.newProduct}
          </a>
        }
      >
        {t.value.catalog}
      </Title>
      <Filters
        search={{ label: t.value.name, value: q, find: (text) => set({ q: text || undefined }) }}
        choice={{
          label: t.value.status,
          value: status ?? "",
          options: STATUSES.map((value) => [value, statusWord(value)]),
          choose: (value) => set({ status: value || undefined }),
        }}
      />
      <ListTable
        list={list}
        caption={t.value.catalog}
        {...(q === "" && !status ? { empty: p.value.noProducts } : {})}
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
    </>
  );
}
