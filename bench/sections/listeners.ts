// A drop that ten thousand pages follow, while a million wait at another.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Heard, Listening } from "../load/listeners.ts";
import type { Options } from "../options.ts";
import type { Section } from "../report/section.ts";
import { type CpuMeter, memoryOf } from "../support/cores.ts";
import { fillLine, openDrop } from "../support/drop-fixtures.ts";
import { HttpFixture } from "../support/http-fixture.ts";
import { assertCorrect } from "../support/verify.ts";

/** An entry each, while the stream is measured. The last unit is left for the end. */
const ENTRIES = 60;
const ENTRY_EVERY_MS = 250;
const HEARD_WITHIN_MS = 60_000;
const LISTENERS = fileURLToPath(new URL("../load/listeners.ts", import.meta.url));

export async function listeners({ quick, log }: Options): Promise<Section> {
  const count = quick ? 500 : 10_000;
  const waiting = quick ? 50_000 : 1_000_000;
  const fixture = await HttpFixture.open();
  const child = fork(LISTENERS, { serialization: "advanced" });
  try {
    const target = { url: fixture.shop.url, operator: fixture.operator };
    const line = await openDrop(target, 0, { mode: "FIRST_COME", waitlist: true });
    await fixture.query((client) => fillLine(client, line, waiting));
    const drop = await openDrop(target, 2 * ENTRIES + 1, { mode: "FIRST_COME", waitlist: true });
    const path = `/drops/${drop.id}`;
    const alone = await entered(fixture, path, 0);
    await told(child, { url: fixture.shop.url, path: `${path}/live`, count, text: '"status":"SOLD_OUT"' });
    log(`${count} listeners`);
    await fixture.settle();
    const followed = await entered(fixture, path, ENTRIES);
    const heard = once(child, "message", { signal: AbortSignal.timeout(HEARD_WITHIN_MS) });
    await enter(fixture, path, 2 * ENTRIES);
    const soldOutAt = Date.now();
    const [{ heardAt, events }] = (await heard) as [{ heardAt: number[]; events: number }];
    const late = (Math.max(...heardAt) - soldOutAt) / 1000;
    const share = (followed - alone) * 100;
    const memory = memoryOf(fixture.shop.pid).peak;
    log(`sold out: the last listener after ${late.toFixed(2)} s; the stream took ${share.toFixed(1)} % of a core`);
    await assertCorrect(fixture.databaseUrl);
    const all = count.toLocaleString("en");
    return {
      title: "Listeners",
      rows: [],
      ratios: [
        { name: `sold out is known to each of ${all} listeners`, value: late, max: 1, unit: " s" },
        { name: `${all} listeners: processor time of the stream`, value: share, max: 5, unit: " % of a core" },
        { name: `the shop's memory with ${all} listeners while ${waiting.toLocaleString("en")} wait`, value: memory, max: 400, unit: " MB" },
      ],
      notes: [
        `${(events / count).toFixed(1)} events per listener in ${(ENTRIES * ENTRY_EVERY_MS) / 1000} s with an entry each ${ENTRY_EVERY_MS} ms`,
        `without listeners the same entries took ${(alone * 100).toFixed(1)} % of a core`,
        "audit: no violation",
      ],
    };
  } finally {
    child.disconnect();
    await fixture.close();
  }
}

/** Sends entries one after the other. Returns the shop's processor time in cores. @param first the user of the first entry */
async function entered(fixture: HttpFixture, path: string, first: number): Promise<number> {
  const { shop } = fixture.meters as { shop: CpuMeter };
  shop.begin();
  for (let n = 0; n < ENTRIES; n++) {
    const due = pause(ENTRY_EVERY_MS);
    await enter(fixture, path, first + n);
    await due;
  }
  return shop.read().cores;
}

async function enter({ shop: { url }, tokens }: HttpFixture, path: string, user: number): Promise<void> {
  const headers = { authorization: `Bearer ${tokens[user]}`, "content-type": "application/json" };
  const response = await fetch(new URL(`${path}/entries`, url), { method: "POST", headers, body: "{}" });
  if (response.status !== 201) throw new Error(`an entry was refused: ${await response.text()}`);
}

/** Starts the listeners and waits until each has had an event. */
async function told(child: ChildProcess, listening: Listening): Promise<void> {
  child.send(listening);
  const [answer] = (await once(child, "message")) as [Heard | { error: string }];
  if ("error" in answer) throw new Error(answer.error);
}
