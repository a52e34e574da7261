import { type Campaign, everyPage, type Shop } from "#client";

/**
 * Every campaign that is open or upcoming, and the newest of the others: the shop lists them in that order, so reading ends with the first page
 * that has one of the others.
 */
export async function readCampaigns(shop: Pick<Shop, "listCoupons">, signal: AbortSignal): Promise<Campaign[]> {
  const found: Campaign[] = [];
  for await (const { coupons } of everyPage((from) => shop.listCoupons({ query: { limit: 100, ...from }, signal }))) {
    found.push(...coupons);
    if (coupons.some(({ status }) => status === "SOLD_OUT" || status === "CLOSED")) break;
  }
  return found;
}
