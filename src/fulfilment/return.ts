// Returns: units that come back from the buyer after shipment.

import { iso, isoOrNull } from "../database/statement.ts";
import type { ReceiveAccount } from "../gateway/gateway.ts";
import { type Piece, unitsOfPieces } from "./returnable.ts";

export const RETURN_STATUSES = ["REQUESTED", "WITHDRAWN", "RECEIVED", "REJECTED"] as const;
export type ReturnStatus = (typeof RETURN_STATUSES)[number];

/** Instants in ms. `restock` is null until the goods are received. */
export type ReturnRow = {
  id: string;
  orderId: string;
  status: ReturnStatus;
  pieces: Piece[];
  /** The buyer's. */
  reason: string;
  /** An operator's, and the one that the buyer reads. */
  rejection: string | null;
  customerRejection: string | null;
  restock: boolean | null;
  createdAt: number;
  settledAt: number | null;
  /** The buyer's account, to which a deposit goes back, while the return is REQUESTED. */
  receiveAccount: ReceiveAccount | null;
};

export type ReturnView = {
  returnId: string;
  orderId: string;
  status: ReturnStatus;
  items: { variantId: string; quantity: number }[];
  reason: string;
  /** Operators only. */
  rejection?: string | null;
  customerReason: string | null;
  restock: boolean | null;
  createdAt: string;
  settledAt: string | null;
  hasRefundReceiveAccount: boolean;
};

export function returnView(row: ReturnRow, { isOperator }: { isOperator: boolean }): ReturnView {
  return {
    returnId: row.id,
    orderId: row.orderId,
    status: row.status,
    items: itemsOf(row),
    reason: row.reason,
    ...(isOperator ? { rejection: row.rejection } : {}),
    customerReason: row.customerRejection,
    restock: row.restock,
    createdAt: iso(row.createdAt),
    settledAt: isoOrNull(row.settledAt),
    hasRefundReceiveAccount: row.receiveAccount !== null,
  };
}

/** The returned units by variant. */
export function itemsOf({ pieces }: Pick<ReturnRow, "pieces">): { variantId: string; quantity: number }[] {
  return [...unitsOfPieces(pieces)].map(([variantId, quantity]) => ({ variantId, quantity }));
}
