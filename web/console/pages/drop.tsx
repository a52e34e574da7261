// One drop: its figures live, its steps, its terms, its draw, its report and its line.

import { type Signal, useSignal } from "@preact/signals";
import { now } from "../../shared/clock.ts";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { lasting, minutesOf } from "../duration.ts";
import { useDropStream } from "../live/drop-stream.ts";
import { JournalLink } from "../parts/journal-link.tsx";
import { Card, Fact, Notice, NotLoaded, Status, Tile, Title, When } from "../parts/parts.tsx";
import { mayRead } from "../session.ts";
import { d } from "../words/drops.ts";
import { t } from "../words/words.ts";
import { DropDraw } from "./drop-draw.tsx";
import { DropLine } from "./drop-line.tsx";
import { DropReport } from "./drop-report.tsx";
import { DropSteps } from "./drop-steps.tsx";
import type { OneDrop } from "./drops.tsx";

/** A drop changes by itself when it closes, which its stream does not tell at once without purchases. */
const POLL_MS = 10_000;

export function DropPage({ id }: { id: string }) {
  const { data, error, reload } = useResource(
    `drop ${id}`,
    async (signal) => {
      const { body: drop } = await shop.getDrop({ path: { dropId: id }, signal });
      const { body: product } = await shop.getProduct({ path: { productId: drop.productId }, signal });
      return { drop, product };
    },
    { everyMs: POLL_MS },
  );
  const stream = useDropStream(id, () => void reload());
  const message = useSignal<string | null>(route.value.query.has("made") ? d.value.made : null);
  if (data === undefined) return <NotLoaded title={t.value.drops} error={error} retry={reload} />;
  const drop = { ...data.drop, ...(stream.figures.value as Partial<OneDrop> | null) };
  const done = async (words: string): Promise<void> => {
    message.value = words;
    await reload();
  };
  const isReleased = drop.status === "CLOSED" && data.product.dropId !== id;
  const report = drop.status !== "UPCOMING" && mayRead("drops") && <DropReport drop={drop} />;
  // Afterwards the figures are read, and not the terms.
  const isOver = drop.status === "CLOSED" && drop.mode !== "DRAW";
  return (
    <>
      <Title
        about={drop.name}
        side={
          <>
            <Status of={drop.status} />
            <DropSteps drop={drop} isReleased={isReleased} done={done} reload={reload} />
            <JournalLink subject={id} />
          </>
        }
      >
        <bdi>{drop.name}</bdi>
      </Title>
      {message.value && <Notice kind="good">{message.value}</Notice>}
      {isReleased && message.value !== d.value.released && <Notice kind="warn">{d.value.isReleased}</Notice>}
      {drop.status !== "CLOSED" && <Figures drop={drop} connected={stream.connected} />}
      {isOver && report}
      <div class="columns">
        <Terms drop={drop} product={data.product} />
        {drop.mode === "DRAW" && <DropDraw drop={drop} done={done} />}
      </div>
      {!isOver && report}
      {drop.mode !== "DIRECT" && drop.status !== "UPCOMING" && mayRead("drops") && <DropLine drop={drop} product={data.product} />}
    </>
  );
}

function Figures({ drop, connected }: { drop: OneDrop; connected: Signal<boolean> }) {
  const { status, opensAt, closesAt, remaining, entries, called, mode } = drop;
  const until = status === "UPCOMING" ? opensAt : closesAt;
  return (
    <>
      <dl class="tiles">
        {until !== null && (
          <Tile label={status === "UPCOMING" ? d.value.opensIn : d.value.closesIn}>
            <span role="timer">{lasting(Date.parse(until) - now.value)}</span>
          </Tile>
        )}
        <Tile label={d.value.remaining}>{formatNumber(remaining)}</Tile>
        {mode !== "DIRECT" && (
          <>
            <Tile label={d.value.entries}>{formatNumber(entries)}</Tile>
            <Tile label={d.value.called}>{formatNumber(called)}</Tile>
          </>
        )}
      </dl>
      <p class={`beacon under-tiles ${connected.value ? "on" : ""}`} role="status">
        {connected.value ? d.value.following : d.value.reconnecting}
      </p>
    </>
  );
}

type Product = { id: string; name: string; stock: number; price?: number | null };

function Terms({ drop, product }: { drop: OneDrop; product: Product }) {
  const { mode, opensAt, closesAt, limitPerCustomer, holdFor, waitlist } = drop;
  return (
    <Card title={d.value.terms}>
      <dl class="facts">
        <Fact name={t.value.product} wide>
          <a href={to(`/products/${product.id}`)}>
            <bdi>{product.name}</bdi>
          </a>{" "}
          <span class="muted number">{formatMoney(product.price ?? 0)}</span>
        </Fact>
        <Fact name={d.value.mode}>{d.value[mode]}</Fact>
        <Fact name={d.value.opens}>
          <When at={opensAt} />
        </Fact>
        <Fact name={mode === "DRAW" ? d.value.closesDraw : d.value.closes}>{closesAt === null ? d.value.none : <When at={closesAt} />}</Fact>
        <Fact name={d.value.limit}>{limitPerCustomer === null ? d.value.noLimit : d.value.units(limitPerCustomer)}</Fact>
        {mode !== "DIRECT" && holdFor !== null && <Fact name={d.value.hold}>{holdWords(holdFor)}</Fact>}
        {mode !== "DIRECT" && <Fact name={d.value.waitlist}>{waitlist ? d.value.yes : d.value.none}</Fact>}
      </dl>
      <p class="card-links">
        <a href={to("/orders", { product: product.id })}>{d.value.toOrders}</a>
      </p>
    </Card>
  );
}

function holdWords(iso: string): string {
  const minutes = minutesOf(iso);
  if (minutes === null) return iso;
  return lasting(minutes * 60_000);
}
