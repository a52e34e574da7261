// Drops on the home page: those that are open or will open. The most urgent ones come first, and a button shows the others.

import { useSignal } from "@preact/signals";
import { to } from "../../router.ts";
import { shop } from "../../api.ts";
import { useResource } from "../../../shared/resource.ts";
import { t } from "../../words/words.ts";
import { Countdown } from "../countdown.tsx";
import { ProductArt } from "../product-art.tsx";
import { type Drop, statusNow } from "./drop-data.ts";
import { localName } from "../../names.ts";

const MOST = 3;
const POLL_MS = 4000;

/** The drops that are not over. */
export function useDrops() {
  return useResource("drops", async (signal) => (await shop.listDrops({ query: { limit: 50 }, signal })).body.drops, { everyMs: POLL_MS });
}

export function DropCards({ drops }: { drops: readonly Drop[] }) {
  const rank = { OPEN: 0, PAUSED: 0, UPCOMING: 1, SOLD_OUT: 2, CLOSED: 3 };
  const isWhole = useSignal(false);
  const ongoing = drops
    .map((drop) => ({ ...drop, status: statusNow(drop) }))
    .filter(({ status }) => status !== "CLOSED")
    .toSorted((a, b) => rank[a.status] - rank[b.status] || a.opensAt.localeCompare(b.opensAt));
  const shown = isWhole.value ? ongoing : ongoing.slice(0, MOST);
  if (shown.length === 0) return null;
  return (
    <section>
      <h2 class="visually-hidden">{t.value.drop}</h2>
      <ul class="drop-cards">
        {shown.map((drop) => (
          <li key={drop.id}>
            <DropCard drop={drop} />
          </li>
        ))}
      </ul>
      {shown.length < ongoing.length && (
        <p class="more">
          <button type="button" class="button quiet" onClick={() => (isWhole.value = true)}>
            {t.value.moreDrops(ongoing.length - shown.length)}
          </button>
        </p>
      )}
    </section>
  );
}

function DropCard({ drop: { id, name, productId, mode, status, opensAt, remaining, entries } }: { drop: Drop }) {
  return (
    <a class={`drop-card ${status === "SOLD_OUT" ? "sold-out" : ""}`} href={to(`/drops/${id}`)}>
      <ProductArt id={productId} name={name} />
      <span class="drop-card-body">
        <span class="drop-kind">
          <span class="pill few">{t.value.drop}</span> {t.value[mode]}
        </span>
        <span class="drop-card-name">
          <bdi>{localName(name)}</bdi>
        </span>
        {status === "UPCOMING" && (
          <span class="drop-card-state">
            <span aria-hidden="true">{t.value.untilOpen}</span> <Countdown to={opensAt} label={t.value.untilOpen} small />
          </span>
        )}
        {status === "PAUSED" && <span class="drop-card-state">{t.value.dropPaused}</span>}
        {status === "SOLD_OUT" && <span class="drop-card-state">{t.value.soldOut}</span>}
        {status === "OPEN" && (
          <span class="drop-card-state open number">
            {t.value.dropOnSale} · {mode === "DRAW" ? t.value.dropEnteredBy(entries) : t.value.left(remaining)}
          </span>
        )}
      </span>
    </a>
  );
}
