// Delivered events, in memory that grows by subject and not by event: only the last sequence number of each subject is kept.

import type { Envelope } from "../../../src/outbox/envelope.ts";

export class Deliveries {
  readonly #last = new Map<string, number>();
  /** First deliveries of events of orders. */
  orderEvents = 0;
  total = 0;
  repeated = 0;
  /** Events of an order that came before an earlier one. */
  readonly outOfOrder: string[] = [];

  take({ source, subject, sequence }: Pick<Envelope, "source" | "subject" | "sequence">): void {
    this.total++;
    if (source !== "/jangnal/orders") return;
    const [last, next] = [this.#last.get(subject) ?? 0, Number(sequence)];
    if (next <= last) return void this.repeated++;
    if (next > last + 1) this.outOfOrder.push(`event ${next} of order ${subject} came after event ${last}`);
    this.#last.set(subject, next);
    this.orderEvents++;
  }
}
