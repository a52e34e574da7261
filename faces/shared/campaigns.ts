import { type Campaign, everyPage, type Shop } from "#client";

/** As many as a page shows of those that are over. */
const PAGE = 100;

/** Every campaign that is open or will open, however many there are, with the first of those that are over. The shop lists them in that order. */
export async function currentCampaigns(shop: Shop, signal: AbortSignal): Promise<Campaign[]> {
  const found: Campaign[] = [];
  for await (const { coupons } of everyPage((from) => shop.listCoupons({ query: { limit: PAGE, ...from }, signal }))) {
    found.push(...coupons);
    if (!coupons.some(({ status }) => status === "OPEN" || status === "UPCOMING")) break;
  }
  return found;
}
