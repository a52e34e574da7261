// One product: the stock of its variants, the journal of the stock, and its editable fields.

import { useSignal } from "@preact/signals";
import type { Body } from "#client";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { JournalLink } from "../parts/journal-link.tsx";
import { Notice, NotLoaded, Status, Title, Card } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { t } from "../words/words.ts";
import { p } from "../words/products.ts";
import { AddVariant } from "./add-variant.tsx";
import { EditProduct } from "./edit-product.tsx";
import { EditVariant } from "./edit-variant.tsx";
import { StockForm } from "./stock-form.tsx";
import { StockJournal } from "./stock-journal.tsx";

export type ProductDetail = Body<"getProduct">;
export type Variant = ProductDetail["variants"][number];

export function Product({ id }: { id: string }) {
  const { data, error, reload } = useResource(id, async (signal) => (await shop.getProduct({ path: { productId: id }, signal })).body);
  const message = useSignal<string | null>(null);
  /** Counts the adjustments: after each the journal is read again. */
  const adjustments = useSignal(0);
  if (data === undefined) return <NotLoaded title={t.value.product} error={error} retry={reload} />;
  const saved = (): void => void (message.value = t.value.saved);
  return (
    <>
      <Title
        about={data.name}
        side={
          <>
            <Status of={data.status} />
            <SaleSwitch product={data} saved={saved} reload={reload} />
            <a class="button small quiet" href={to("/drops/new", { product: id })}>
              {t.value.prepareDrop}
            </a>
            <JournalLink subject={id} />
          </>
        }
      >
        <bdi>{data.name}</bdi>
      </Title>
      {message.value && <Notice kind="good">{message.value}</Notice>}
      <StockForm
        product={data}
        adjusted={async (complete) => {
          adjustments.value++;
          if (complete) message.value = t.value.stockAdjusted;
          await reload();
        }}
      />
      <Card
        title={t.value.variants}
        side={
          <AddVariant
            product={data}
            added={async () => {
              adjustments.value++;
              message.value = p.value.variantAdded;
              await reload();
            }}
          />
        }
      >
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
              cell: (variant) => (
                <EditVariant key={Object.keys(variant.options).join()} product={data} variant={variant} saved={saved} reload={reload} />
              ),
            },
          ]}
        />
      </Card>
      <StockJournal variants={data.variants} adjustments={adjustments.value} />
      <EditProduct product={data} saved={saved} reload={reload} />
    </>
  );
}

function SaleSwitch({ product, saved, reload }: { product: ProductDetail; saved: () => void; reload: () => Promise<void> }) {
  const isForSale = product.status !== "NOT_FOR_SALE";
  const label = isForSale ? t.value.takeOffSale : t.value.putOnSale;
  return (
    <Confirm
      needs="catalog"
      label={label}
      tone={isForSale ? "danger" : "primary"}
      run={async ({ key, shop }) => {
        await shop.editProduct({ path: { id: product.id }, body: { status: isForSale ? "NOT_FOR_SALE" : "ON_SALE" }, idempotencyKey: key });
        saved();
        await reload();
      }}
    >
      {isForSale ? t.value.takeOffSaleWords : t.value.putOnSaleWords}
    </Confirm>
  );
}
