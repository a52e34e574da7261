// The state of a drop for this visitor, in words: before it opens, in line, held, won, bought, or over.

import type { ComponentChildren } from "preact";
import { everyPage } from "#client";
import { to } from "../../router.ts";
import { shop } from "../../api.ts";
import { t } from "../../words/words.ts";
import { Countdown } from "../countdown.tsx";
import { Icon, type IconName } from "../icon.tsx";
import { useUserResource } from "../user-resource.ts";
import { aheadOf, type Drop, type Entry, useWait } from "./drop-data.ts";
import { durationWords } from "./duration.ts";
import { LeaveDrop } from "./leave-drop.tsx";
import { AskForTurn } from "./turn.tsx";

type PanelProps = { drop: Drop; entry: Entry | null; changed: () => Promise<unknown> };

/** Screen readers announce the panel's headline when the state changes. */
export function DropPanel(props: PanelProps) {
  return <div class="drop-panel">{props.entry ? <EntryState {...props} entry={props.entry} /> : <DropState drop={props.drop} />}</div>;
}

function State({ icon, title, tone = "", children }: { icon?: IconName; title: string; tone?: string; children?: ComponentChildren }) {
  return (
    <>
      <p class={`drop-headline ${tone}`} role="status">
        {icon && <Icon name={icon} />}
        {title}
      </p>
      {children}
    </>
  );
}

function DropState({ drop }: { drop: Drop }) {
  const { status, mode, holdFor, waitlist, opensAt, closesAt } = drop;
  const hold = durationWords(holdFor ?? "");
  const rules = mode === "FIRST_COME" ? t.value.dropFirstComeHint(hold) : mode === "DRAW" ? t.value.dropDrawHint(hold) : "";
  if (status === "UPCOMING")
    return (
      <>
        <Countdown to={opensAt} label={t.value.untilOpen} large />
        <p class="muted center">{t.value.openAtInstant(opensAt)}</p>
        {rules && <p class="muted center">{rules}</p>}
      </>
    );
  if (status === "PAUSED")
    return (
      <State icon="clock" title={t.value.dropPaused}>
        <p class="muted">{t.value.dropPausedHint}</p>
      </State>
    );
  if (status === "CLOSED")
    return (
      <State title={t.value.dropClosed}>
        <p class="muted">{t.value.dropClosedHint}</p>
      </State>
    );
  if (status === "SOLD_OUT" && mode !== "DRAW")
    return (
      <State title={t.value.dropSoldOut}>
        <p class="muted">{waitlist && mode === "FIRST_COME" ? t.value.dropSoldOutLine : t.value.dropSoldOutHint}</p>
      </State>
    );
  const openWords = { DIRECT: t.value.dropOpenNow, FIRST_COME: t.value.dropOpenToEnter, DRAW: t.value.dropOpenToApply };
  return (
    <>
      <State icon="check" tone="good" title={openWords[mode]} />
      {closesAt && <Countdown to={closesAt} label={mode === "DRAW" ? t.value.drawAfter : t.value.closesAtInstant(closesAt)} />}
      {rules && <p class="muted">{rules}</p>}
    </>
  );
}

function EntryState({ drop, entry, changed }: PanelProps & { entry: Entry }) {
  switch (entry.status) {
    case "WAITING":
      return <Waiting drop={drop} entry={entry} changed={changed} />;
    case "HELD":
      return (
        <State icon="check" tone="good" title={drop.mode === "DRAW" ? t.value.wonTitle : t.value.heldTitle}>
          {entry.heldUntil && drop.status !== "PAUSED" && <Countdown to={entry.heldUntil} label={t.value.heldUntil} large />}
          <p class="muted center">{drop.status === "PAUSED" ? t.value.dropPausedHint : drop.waitlist ? t.value.heldHint : t.value.heldHintNoLine}</p>
          <LeaveDrop drop={drop} entry={entry} changed={changed} />
        </State>
      );
    case "ORDERED":
    case "BOUGHT":
      return (
        <State icon="check" tone="good" title={entry.status === "BOUGHT" ? t.value.boughtTitle : t.value.orderedTitle}>
          <p class="muted">{entry.status === "BOUGHT" ? t.value.boughtHint : t.value.orderedHint}</p>
        </State>
      );
    case "LAPSED":
    case "LEFT":
      return (
        <State title={entry.status === "LAPSED" ? t.value.lapsedTitle : t.value.leftTitle}>
          <p class="muted">
            {entry.status === "LAPSED" && (drop.waitlist ? t.value.lapsedHint : t.value.lapsedHintNoLine)}{" "}
            {drop.status !== "CLOSED" && drop.waitlist && t.value.enterAgain}
          </p>
        </State>
      );
    case "LOST":
      return (
        <State title={drop.mode === "DRAW" ? t.value.lostDraw : t.value.lostLine}>
          <p class="muted">{t.value.lostHint}</p>
        </State>
      );
  }
}

function Waiting({ drop, entry, changed }: PanelProps & { entry: Entry }) {
  const ahead = aheadOf(entry, drop.called);
  const minutes = useWait(drop.called, ahead).value;
  if (drop.mode === "DRAW" && entry.rank === null)
    return (
      <State icon="check" tone="good" title={drop.status === "CLOSED" ? t.value.drawPending : t.value.applied}>
        <p class="center number">{t.value.appliedNumber(entry.number)}</p>
        {drop.status !== "CLOSED" && drop.closesAt && <Countdown to={drop.closesAt} label={t.value.drawAfter} large />}
        <p class="muted center">{drop.status === "CLOSED" ? t.value.drawPendingHint : t.value.appliedHint}</p>
        <AskForTurn words={t.value.drawAsk} />
        <LeaveDrop drop={drop} entry={entry} changed={changed} />
      </State>
    );
  const title = drop.mode === "DRAW" ? t.value.reserveTitle(ahead + 1) : ahead === 0 ? t.value.inLineNext : t.value.inLine(ahead + 1);
  return (
    <State icon="clock" title={title}>
      {minutes !== null && <p class="center">{t.value.aboutMinutes(minutes)}</p>}
      <p class="muted center">{drop.mode === "DRAW" ? t.value.reserveHint : t.value.inLineHint}</p>
      <AskForTurn words={t.value.turnAsk} />
      <LeaveDrop drop={drop} entry={entry} changed={changed} />
    </State>
  );
}

/** A link to the visitor's latest order of the product. */
export function OrderLink({ productId }: { productId: string }) {
  const order = useUserResource(`order of ${productId}`, async (userId, signal) => {
    for await (const { orders } of everyPage((from) => shop.listUserOrders({ path: { userId }, query: { limit: 20, ...from }, signal })))
      return orders.find(({ orderItems }) => orderItems.some((item) => item.productId === productId))?.orderId ?? null;
    return null;
  });
  return (
    <a class="button primary wide" href={to(order.data ? `/orders/${order.data}` : "/orders")}>
      {t.value.seeOrder}
    </a>
  );
}
