// The one button of a drop, and the choice of a variant before it.

import { useSignal } from "@preact/signals";
import { isRefusal, type Product } from "#client";
import { formatMoney } from "../../../shared/languages.ts";
import { currentPath, navigate, to } from "../../router.ts";
import { useAttempt } from "../../attempt.ts";
import { session } from "../../session.ts";
import { t } from "../../words/words.ts";
import { BottomBar } from "../bottom-bar.tsx";
import { Reason, Spinner, Stepper } from "../parts.tsx";
import { type Selection, useSelection } from "../selection.ts";
import { toast } from "../toasts.tsx";
import { focusMissing, VariantOptions } from "../variant-options.tsx";
import { type Drop, type Entry, isOngoing } from "./drop-data.ts";
import { OrderLink } from "./drop-panel.tsx";
import { rememberDrop } from "./remembered.ts";

type ActionsProps = { drop: Drop; product: Product; entry: Entry | null; changed: () => Promise<unknown> };

export function DropActions({ drop, product, entry, changed }: ActionsProps) {
  const selection = useSelection(product.variants, drop.limitPerCustomer ?? undefined);
  const isAsked = useSignal(false);
  const { variant } = selection;
  const most = Math.min(drop.limitPerCustomer ?? Number.POSITIVE_INFINITY, variant?.stock ?? 1);
  const canChoose = (entry === null || !isOngoing(entry)) && entry?.status !== "BOUGHT" && drop.status !== "CLOSED";
  return (
    <>
      {canChoose && <VariantOptions selection={selection} isAsked={isAsked.value} />}
      {canChoose && variant && drop.status !== "UPCOMING" && (
        <div class="detail-row">
          {most > 1 && <Stepper label={t.value.quantity} value={selection.quantity} max={most} set={selection.setQuantity} />}
          {/* With one variant and one unit it is the price above. */}
          {variant.price !== null && (most > 1 || product.variants.length > 1) && (
            <p class="quantity-total number">
              <span class="muted">{t.value.totalAmount}</span> {formatMoney(variant.price * selection.quantity)}
            </p>
          )}
        </div>
      )}
      <BottomBar>
        {entry && !canChoose ? (
          <EntryButton drop={drop} entry={entry} />
        ) : (
          <EnterButton drop={drop} selection={selection} changed={changed} ask={() => (isAsked.value = true)} />
        )}
      </BottomBar>
    </>
  );
}

function EntryButton({ drop, entry }: { drop: Drop; entry: Entry }) {
  if (entry.status === "HELD") {
    const purchase = { product: drop.productId, variant: entry.variantId, quantity: String(entry.quantity) };
    return (
      <a class="button primary wide" href={to("/checkout", purchase)}>
        {t.value.payForHeld}
      </a>
    );
  }
  if (entry.status === "ORDERED" || entry.status === "BOUGHT") return <OrderLink productId={drop.productId} />;
  return (
    <a class="button wide" href={to("/")}>
      {t.value.browse}
    </a>
  );
}

type EnterProps = { drop: Drop; selection: Selection; changed: () => Promise<unknown>; ask: () => void };

function EnterButton({ drop, selection: { variant, quantity }, changed, ask }: EnterProps) {
  const enter = useAttempt(async ({ key, shop, userId }, body: { variantId: string; quantity: number }) => {
    try {
      await shop.enterDrop({ path: { dropId: drop.id }, body, idempotencyKey: key });
      rememberDrop(userId, drop.id);
    } catch (error) {
      toast(isRefusal(error, "DROP_ALREADY_ENTERED") ? "good" : "bad", <Reason error={error} />);
      throw error;
    } finally {
      await changed();
    }
  });
  const { mode, status, waitlist } = drop;
  const isOpen = status === "OPEN" || (status === "SOLD_OUT" && mode !== "DIRECT" && (waitlist || mode === "DRAW"));
  const signedOut = session.value === null && status !== "CLOSED";
  if (signedOut)
    return (
      <>
        <a class="button primary wide" href={to("/sign-in", { next: currentPath() })}>
          {status === "UPCOMING" ? t.value.dropSignInFirst : t.value[SIGN_IN[mode]]}
        </a>
        {status === "UPCOMING" && <p class="muted center">{t.value.dropSignInFirstHint}</p>}
      </>
    );
  const press = (): void => {
    if (!isOpen) return;
    if (!variant) {
      ask();
      return focusMissing();
    }
    if (mode === "DIRECT") return navigate(to("/checkout", { product: drop.productId, variant: variant.id, quantity: String(quantity) }));
    void enter.run({ variantId: variant.id, quantity });
  };
  // `aria-disabled` and not `disabled`, so that the button keeps the focus until it opens.
  return (
    <button type="button" class="button primary wide" aria-disabled={!isOpen || enter.busy} onClick={press}>
      {enter.busy && <Spinner />}
      {enter.busy ? t.value.dropEntering : enterLabel(drop)}
    </button>
  );
}

const SIGN_IN = { DIRECT: "signInToBuy", FIRST_COME: "signInToEnter", DRAW: "signInToApply" } as const;

function enterLabel({ mode, status, waitlist }: Drop): string {
  if (status === "UPCOMING") return t.value.dropSoon;
  if (status === "PAUSED") return t.value.dropPaused;
  if (status === "CLOSED") return t.value.dropClosed;
  if (mode === "DRAW") return t.value.dropApply;
  if (status === "SOLD_OUT") return mode === "FIRST_COME" && waitlist ? t.value.dropJoinLine : t.value.soldOut;
  return mode === "DIRECT" ? t.value.buyNow : t.value.dropEnter;
}
