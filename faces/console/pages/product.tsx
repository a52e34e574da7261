import { useSignal } from "@preact/signals";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { useAttempt } from "../../shared/attempt.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Busy, Card, Failure, Field, Notice, Status, Title } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { t } from "../words/words.ts";

export function Product({ id }: { id: string }) {
  const { data, error, reload } = useResource(id, async (signal) => (await shop.getProduct({ path: { productId: id }, signal })).body);
  const said = useSignal<string | null>(null);
  if (data === undefined) return error === undefined ? <Busy /> : <Failure error={error} retry={() => void reload()} />;
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
              run={async (key) => {
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
      <Card title={t.value.variants}>
        <Table
          caption={t.value.variants}
          rows={data.variants}
          keyOf={(variant) => variant.id}
          columns={[
            { head: t.value.name, main: true, cell: ({ name }) => <bdi>{name}</bdi> },
            { head: "SKU", cell: ({ sku }) => <span class="id">{sku ?? "–"}</span> },
            { head: t.value.price, end: true, cell: ({ price }) => formatMoney(price) },
            { head: t.value.stock, end: true, cell: ({ stock }) => formatNumber(stock) },
            { head: t.value.adjust, end: true, cell: (variant) => <Adjust variant={variant} done={(stock) => tell(t.value.stockIs(stock))} /> },
          ]}
        />
      </Card>
      <Edit id={id} product={data} done={() => tell(t.value.saved)} />
    </>
  );
}

function Adjust({ variant, done }: { variant: { id: string; name: string; stock: number }; done: (stock: number) => Promise<void> }) {
  const [delta, reason] = [useSignal(""), useSignal("")];
  const by = Math.trunc(Number(delta.value) || 0);
  return (
    <Confirm
      label={t.value.adjust}
      title={`${t.value.adjustStock}: ${variant.name}`}
      act={t.value.adjust}
      run={async (key) => {
        const { body } = await shop.adjustStock({
          path: { id: variant.id },
          body: { delta: by, reason: reason.value.trim() || t.value.byOperator },
          idempotencyKey: key,
        });
        delta.value = "";
        await done(body.stock);
      }}
    >
      <Field label={t.value.delta} hint={t.value.stockWillBe(variant.stock, variant.stock + by)}>
        <input type="number" value={delta.value} onInput={({ currentTarget }) => (delta.value = currentTarget.value)} />
      </Field>
      <Field label={t.value.reason}>
        <input
          maxLength={500}
          value={reason.value}
          placeholder={t.value.byOperator}
          onInput={({ currentTarget }) => (reason.value = currentTarget.value)}
        />
      </Field>
    </Confirm>
  );
}

type Editable = { name: string; description: string; price: number; variants: unknown[] };

function Edit({ id, product, done }: { id: string; product: Editable; done: () => Promise<void> }) {
  const [name, description, price] = [useSignal(product.name), useSignal(product.description), useSignal(String(product.price))];
  const sole = product.variants.length === 1;
  const save = useAttempt(async (key) => {
    await shop.editProduct({
      path: { id },
      body: { name: name.value.trim(), description: description.value, ...(sole ? { price: Number(price.value) } : {}) },
      idempotencyKey: key,
    });
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
        <div class="form-grid">
          <Field label={t.value.name}>
            <input required maxLength={300} value={name.value} onInput={({ currentTarget }) => (name.value = currentTarget.value)} />
          </Field>
          {sole && (
            <Field label={t.value.price}>
              <input required type="number" min={0} value={price.value} onInput={({ currentTarget }) => (price.value = currentTarget.value)} />
            </Field>
          )}
        </div>
        <Field label={t.value.description}>
          <textarea
            rows={3}
            maxLength={10_000}
            value={description.value}
            onInput={({ currentTarget }) => (description.value = currentTarget.value)}
          />
        </Field>
        {save.error !== undefined && <Failure error={save.error} />}
        <button class="button primary small" type="submit" disabled={save.busy}>
          {save.busy ? t.value.working : t.value.save}
        </button>
      </form>
    </Card>
  );
}
