import { type Campaign, everyPage, type Shop } from "#client";

/** Reads all campaigns that are open or upcoming, and the newest others. The shop lists in that order, so the first page with a finished one is the last to read. */
export async function readCampaigns(shop: Pick<Shop, "listCoupons">, signal: AbortSignal): Promise<Campaign[]> {
  const campaigns: Campaign[] = [];
  for await (const { coupons } of everyPage((from) => shop.listCoupons({ query: { limit: 100, ...from }, signal }))) {
    campaigns.push(...coupons);
    if (coupons.some(({ status }) => status === "SOLD_OUT" || status === "CLOSED")) break;
  }
  return campaigns;
}
