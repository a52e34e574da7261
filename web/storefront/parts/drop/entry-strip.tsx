// Leads from every page back to the drops that the visitor waits for, and to the payment of a hold before it lapses.

import { useEffect, useRef } from "preact/hooks";
import { route, to } from "../../router.ts";
import { session } from "../../session.ts";
import { t } from "../../words/words.ts";
import { useResource } from "../../../shared/resource.ts";
import { shop } from "../../api.ts";
import { Countdown } from "../countdown.tsx";
import { toast } from "../toasts.tsx";
import { aheadOf, isOngoing, useOwnEntry } from "./drop-data.ts";
import { forgetDrop, rememberedDrops } from "./remembered.ts";
import { useTurn } from "./turn.tsx";
import { localName } from "../../names.ts";

export function EntryStrips() {
  const userId = session.value?.userId;
  if (userId === undefined) return null;
  const { path } = route.value;
  const shown = rememberedDrops(userId).filter((id) => path !== `/drops/${id}`);
  if (shown.length === 0) return null;
  return (
    <section class="strips" aria-label={t.value.myEntries}>
      {shown.map((id) => (
        <Strip key={id} dropId={id} userId={userId} />
      ))}
    </section>
  );
}

const POLL_MS = 5000;

function Strip({ dropId, userId }: { dropId: string; userId: string }) {
  const entry = useOwnEntry(dropId, () => POLL_MS).data;
  const drop = useResource(`drop ${dropId}`, async (signal) => (await shop.getDrop({ path: { dropId }, signal })).body, { everyMs: POLL_MS }).data;
  useTurn(dropId, drop?.name, entry);
  const wasHeld = useRef(false);
  useEffect(() => {
    // The strip disappears, maybe while the visitor fills in the checkout.
    if (wasHeld.current && entry?.status === "LAPSED")
      toast(
        "bad",
        <p>
          {t.value.lapsedTitle} <a href={to(`/drops/${dropId}`)}>{t.value.toDrop}</a>
        </p>,
      );
    wasHeld.current = entry?.status === "HELD";
  }, [entry?.status]);
  const isOver = entry === null || (entry !== undefined && !isOngoing(entry));
  useEffect(() => {
    if (isOver) forgetDrop(userId, dropId);
  }, [isOver]);
  // As high as the strip will be.
  if (entry === undefined || !drop) return <div class="strip" />;
  if (!entry || entry.status === "ORDERED" || isOver) return null;
  const held = entry.status === "HELD";
  const inDraw = drop.mode === "DRAW" && entry.rank === null;
  const { stripHeld, stripWaiting, stripApplied, stripPay, stripSee } = t.value;
  const place = aheadOf(entry, drop.called) + 1;
  const words = held ? stripHeld(localName(drop.name)) : inDraw ? stripApplied(localName(drop.name)) : stripWaiting(localName(drop.name), place);
  const purchase = { product: drop.productId, variant: entry.variantId, quantity: String(entry.quantity) };
  const content = (
    <>
      <bdi class="strip-words">{words}</bdi>
      {held && entry.heldUntil && <Countdown to={entry.heldUntil} label={t.value.heldUntil} small />}
    </>
  );
  if (held && route.value.path === "/checkout") return <p class="strip held">{content}</p>;
  return (
    <a class={`strip ${held ? "held" : ""}`} href={held ? to("/checkout", purchase) : to(`/drops/${dropId}`)}>
      {content}
      <strong>{held ? stripPay : stripSee}</strong>
    </a>
  );
}
