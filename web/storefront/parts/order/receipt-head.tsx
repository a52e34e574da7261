// The head of a printed receipt: the seller, the order, and when it was paid. It is on paper only.

import { formatInstant } from "../../../shared/languages.ts";
import { session } from "../../session.ts";
import { shopName } from "../../shop-name.ts";
import { t } from "../../words/words.ts";
import { Facts } from "../facts.tsx";
import { BusinessDetails } from "../footer.tsx";
import type { Order } from "../user-resource.ts";

export function ReceiptHead({ order: { orderNumber, createdAt, completedAt } }: { order: Order }) {
  const facts = [
    [t.value.orderNumber, orderNumber],
    [t.value.orderedAt, formatInstant(createdAt)],
    [t.value.paidAt, completedAt === null ? null : formatInstant(completedAt)],
    [t.value.buyer, session.value?.name],
  ] as const;
  return (
    <div class="receipt-head">
      <h2>
        {t.value.receiptTitle} · <bdi>{shopName.value}</bdi>
      </h2>
      <Facts of={facts} />
      <BusinessDetails />
    </div>
  );
}
