// The figures of the drop that opened last. They stay until the next drop opens, also after a reload: the shop's report remembers them.

import type { Body } from "#client";
import { formatInstant } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { OrdersPerSecond, ReportTiles } from "../pages/drop-report.tsx";
import { Card, Status } from "../parts/parts.tsx";
import { d } from "../words/drops.ts";
import { t } from "../words/words.ts";

type OneDrop = Body<"getDrop">;

const RUNNING_MS = 3000;
const IDLE_MS = 20_000;
/** Drops are listed by their creation; the one that opened last is among the newest. */
const LOOKED_AT = 50;

export function LatestDrop() {
  const { data } = useResource(
    "latest drop",
    async (signal) => {
      const { drops } = (await shop.listDrops({ query: { limit: LOOKED_AT }, signal })).body;
      const drop = latestOf(drops);
      return drop === undefined ? null : { drop, report: (await shop.getDropReport({ path: { id: drop.id }, signal })).body };
    },
    { everyMs: (latest) => (latest && latest.drop.status !== "CLOSED" ? RUNNING_MS : IDLE_MS) },
  );
  if (!data) return null;
  const { drop, report } = data;
  return (
    <Card
      title={t.value.latestDrop}
      side={
        <span class="title-side">
          <a href={to(`/drops/${drop.id}`)}>
            <bdi>{drop.name}</bdi>
          </a>
          <Status of={drop.status} />
          <span class="muted">{d.value.startsAt(formatInstant(drop.opensAt))}</span>
        </span>
      }
    >
      <ReportTiles report={report} opensAt={drop.opensAt} />
      <OrdersPerSecond report={report} opensAt={drop.opensAt} />
    </Card>
  );
}

/** The drop that opened last, by the shop's clock. */
function latestOf(drops: OneDrop[]): OneDrop | undefined {
  return drops
    .filter(({ opensAt, serverTime }) => opensAt <= serverTime)
    .sort((a, b) => (a.opensAt < b.opensAt ? 1 : -1))
    .at(0);
}
