/** A campaign as the API shows it, in the terms of the model: times in ms, and the number of issued coupons. */
export function campaignTerms(view: { [member: string]: unknown }): { [member: string]: unknown } {
  const ms = (at: unknown): number | null => (typeof at === "string" ? Date.parse(at) : null);
  const { opensAt, closesAt, expiresAt, totalQuantity, remainingQuantity } = view;
  const issuedQuantity = Number(totalQuantity) - Number(remainingQuantity);
  return { ...view, opensAt: ms(opensAt), closesAt: ms(closesAt), expiresAt: ms(expiresAt), issuedQuantity };
}
