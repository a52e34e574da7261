/** A campaign as the API shows it, with its instants in ms and what it has issued, as the model counts. */
export function campaignTerms(view: { [member: string]: unknown }): { [member: string]: unknown } {
  const ms = (at: unknown): number | null => (typeof at === "string" ? Date.parse(at) : null);
  const { opensAt, closesAt, expiresAt, totalQuantity, remainingQuantity } = view;
  const issuedQuantity = Number(totalQuantity) - Number(remainingQuantity);
  return { ...view, opensAt: ms(opensAt), closesAt: ms(closesAt), expiresAt: ms(expiresAt), issuedQuantity };
}
