import { type Answer, type Client, good } from "./shop.ts";

/** Announces a charge, as a client of a real gateway does before it opens the payment window. Returns its `chargeId`. */
export async function openCharge(user: Client, amount: number): Promise<string> {
  return good(await user.post(`/users/${user.id}/balance/charges`, { amount }), 201).chargeId;
}

/** Announces a charge and sends it. */
export async function chargeByCard(
  user: Client,
  body: { amount: number; paymentKey: string; version?: number },
  headers?: Record<string, string>,
): Promise<Answer> {
  return user.post(`/users/${user.id}/balance/charge`, { ...body, chargeId: await openCharge(user, body.amount) }, headers);
}
