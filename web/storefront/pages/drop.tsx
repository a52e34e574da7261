// The page of a drop: countdown, figures that the stream keeps current, the visitor's entry, and one button.

import { useEffect } from "preact/hooks";
import { isRefusal, type Product } from "#client";
import { language } from "../../shared/languages.ts";
import { useReadyWithin, useResource } from "../../shared/resource.ts";
import { subject, to } from "../router.ts";
import { shop } from "../api.ts";
import { Gallery } from "../parts/gallery.tsx";
import { DrawProof } from "../parts/drop/draw-proof.tsx";
import { DropActions } from "../parts/drop/drop-actions.tsx";
import { aheadOf, type Drop as DropOfShop, type Entry, isOngoing, useDrop, useOwnEntry } from "../parts/drop/drop-data.ts";
import { DropPanel } from "../parts/drop/drop-panel.tsx";
import { rememberDrop } from "../parts/drop/remembered.ts";
import { useTurn } from "../parts/drop/turn.tsx";
import { DetailSkeleton, Empty, Failure, Title } from "../parts/parts.tsx";
import { priceText } from "../parts/price-text.ts";
import { Reminder } from "../parts/reminder.tsx";
import { Restock } from "../parts/restock.tsx";
import { session } from "../session.ts";
import { t } from "../words/words.ts";
import { localName } from "../names.ts";

const PRODUCT_POLL_MS = 5000;
const PARTS_MS = 1500;

export function Drop({ id }: { id: string }) {
  const { drop, error, reload } = useDrop(id);
  if (isRefusal(error, "DROP_NOT_FOUND", "INVALID_REQUEST"))
    return (
      <>
        <Title>{error.message}</Title>
        <Empty icon="search" hint={t.value.notFoundHint}>
          <a class="button" href={to("/")}>
            {t.value.browse}
          </a>
        </Empty>
      </>
    );
  if (!drop) return error === undefined ? <DetailSkeleton /> : <Failure error={error} retry={() => void reload()} />;
  return <Detail drop={drop} />;
}

function Detail({ drop }: { drop: DropOfShop }) {
  const product = useResource(
    `product ${drop.productId}`,
    async (signal) => (await shop.getProduct({ path: { productId: drop.productId }, signal })).body,
    {
      everyMs: PRODUCT_POLL_MS,
    },
  );
  const entry = useEntryOf(drop);
  useEffect(() => {
    subject.value = localName(drop.name);
  }, [drop.name, language.value]);
  // The parts appear together, so that none of them moves another. A busy shop may answer one of them late.
  const isReady = useReadyWithin(PARTS_MS, session.value === null ? [product] : [product, entry]);
  if (!isReady) return <DetailSkeleton />;
  const shown = entry.data ?? null;
  const isTheirs = shown !== null && (isOngoing(shown) || shown.status === "BOUGHT");
  const isOver = drop.status === "CLOSED" && !isTheirs;
  return (
    <article class="detail drop">
      <div class={`detail-art ${(drop.status === "SOLD_OUT" && !isTheirs) || isOver ? "sold-out" : ""}`}>
        {product.data ? <Gallery product={product.data} /> : <span class="art photo" />}
        {isOver && <span class="stamp">{t.value.closed}</span>}
      </div>
      <div class="detail-body">
        <div>
          <p class="drop-kind">
            <span class="pill few">{t.value.drop}</span> {t.value[drop.mode]}
          </p>
          <Title>
            <bdi>{localName(drop.name)}</bdi>
          </Title>
          {product.data && <ProductLine product={product.data} />}
        </div>
        <DropPanel drop={drop} entry={shown} changed={entry.reload} />
        {mayComeBack(drop) && !isTheirs && <Restock item={{ kind: "drops", id: drop.id, variantId: null, name: drop.name }} />}
        <Facts drop={drop} />
        {product.data && <DropActions drop={drop} product={product.data} entry={shown} changed={entry.reload} />}
        {drop.status === "UPCOMING" && <Reminder id={drop.id} name={drop.name} opensAt={drop.opensAt} path={`/drops/${drop.id}`} />}
        {drop.mode === "DRAW" && <DrawProof drop={drop} entry={shown} />}
      </div>
    </article>
  );
}

/** Whether units may come back that no line of buyers waits for. */
const mayComeBack = ({ status, mode, waitlist }: DropOfShop): boolean =>
  status === "SOLD_OUT" && (mode === "DIRECT" || (mode === "FIRST_COME" && !waitlist));

/** The visitor's entry. It is read again when the stream says that its turn may have come. */
function useEntryOf(drop: DropOfShop) {
  const isDrawn = drop.mode === "DRAW" && drop.status === "CLOSED";
  const entry = useOwnEntry(drop.id, (known) => pauseOf(known, isDrawn));
  const userId = session.value?.userId;
  const { data } = entry;
  useTurn(drop.id, drop.name, data);
  useEffect(() => {
    if (userId !== undefined && data && isOngoing(data)) rememberDrop(userId, drop.id);
  }, [data?.entryId, data?.status, userId]);
  const mayBeCalled = data?.status === "WAITING" && aheadOf(data, drop.called) === 0;
  useEffect(() => {
    if (mayBeCalled) void entry.reload();
  }, [mayBeCalled, drop.called, drop.status]);
  return entry;
}

function pauseOf(entry: Entry | null | undefined, isDrawn: boolean): number {
  if (!entry || !isOngoing(entry)) return 60_000;
  if (entry.status === "WAITING") return (isDrawn && entry.rank === null) || entry.ahead < 2 ? 2000 : 10_000;
  return 3000;
}

function ProductLine({ product }: { product: Product }) {
  return (
    <p class="detail-row">
      <span class="detail-price number">{priceText(product, undefined)}</span>
      <a href={to(`/products/${product.id}`)} class="muted">
        {t.value.seeProductDetails}
      </a>
    </p>
  );
}

function Facts({ drop: { mode, status, remaining, entries, limitPerCustomer } }: { drop: DropOfShop }) {
  if (mode === "DIRECT" && status === "CLOSED") return null;
  return (
    <dl class="facts">
      {/* Units that are left over when a drop is closed are not for sale. */}
      {status !== "CLOSED" && (
        <div>
          <dt>{t.value.dropRemaining}</dt>
          <dd class="number">{t.value.dropUnits(remaining)}</dd>
        </div>
      )}
      <div>
        <dt>{t.value.dropLimit}</dt>
        <dd class="number">{limitPerCustomer === null ? t.value.dropNoLimit : t.value.dropLimitUnits(limitPerCustomer)}</dd>
      </div>
      {mode !== "DIRECT" && (
        <div>
          <dt>{mode === "DRAW" ? t.value.dropEntries : t.value.dropEntered}</dt>
          <dd class="number">{t.value.dropEntryCount(entries)}</dd>
        </div>
      )}
    </dl>
  );
}
