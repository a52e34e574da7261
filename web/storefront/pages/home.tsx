import { useSignal } from "@preact/signals";
import type { Campaign } from "#client";
import { readCampaigns } from "../../shared/campaigns.ts";
import { useResource } from "../../shared/resource.ts";
import { route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Art } from "../parts/art.tsx";
import { CampaignCard, statusNow } from "../parts/campaign.tsx";
import { Money, Title } from "../parts/parts.tsx";
import { Products } from "../parts/products.tsx";
import { useClaimed } from "../parts/user-resource.ts";
import { t } from "../words/words.ts";

export function Home() {
  const { query } = route.value;
  const searching = ["q", "sort", "available"].some((name) => query.has(name));
  return (
    <>
      <Title>
        {t.value.brand} <span class="title-sub">{t.value.tagline}</span>
      </Title>
      {!searching && <NextCoupon />}
      {!searching && <Popular />}
      <Products />
    </>
  );
}

/** The most urgent campaign: an open one, else the next to open. */
function NextCoupon() {
  const campaigns = useResource("campaigns", (signal) => readCampaigns(shop, signal), {
    everyMs: 3000,
  });
  const claimed = useClaimed();
  // The card of a claimed coupon stays, because it shows the outcome.
  const pressed = useSignal<string | null>(null);
  const next =
    campaigns.data?.find(({ id }) => id === pressed.value) ?? (campaigns.data && mostUrgent(campaigns.data, claimed.data ?? new Set<string>()));
  if (!next) return null;
  const changed = () => {
    pressed.value = next.id;
    return Promise.all([campaigns.reload(), claimed.reload()]);
  };
  return (
    <section class="hero">
      <h2 class="visually-hidden">{t.value.coupons}</h2>
      <CampaignCard key={next.id} campaign={next} claimed={claimed.data?.has(next.id) ?? false} changed={changed} />
    </section>
  );
}

function mostUrgent(campaigns: readonly Campaign[], claimed: ReadonlySet<string>): Campaign | undefined {
  const rank = (campaign: Campaign): number => (claimed.has(campaign.id) ? 2 : statusNow(campaign) === "OPEN" ? 0 : 1);
  return campaigns
    .filter((campaign) => ["OPEN", "UPCOMING"].includes(statusNow(campaign)))
    .toSorted((a, b) => rank(a) - rank(b) || a.opensAt.localeCompare(b.opensAt))[0];
}

function Popular() {
  const popular = useResource("popular", async (signal) => (await shop.listPopularProducts({ signal })).body.popularProducts);
  if (!popular.data || popular.data.length === 0) return null;
  return (
    <section>
      <div class="section-head">
        <h2>{t.value.popular}</h2>
        <p class="muted">{t.value.popularHint}</p>
      </div>
      {/* The list scrolls sideways; its links let the keyboard reach all of it. */}
      <ol class="popular">
        {popular.data.map(({ rank, productId, name, price, status, totalSales }) => (
          <li key={productId}>
            <a class={`popular-card ${status === "ON_SALE" ? "" : "sold-out"}`} href={to(`/products/${productId}`)}>
              <span class="card-art">
                <Art id={productId} name={name} />
                {status !== "ON_SALE" && <span class="stamp">{status === "SOLD_OUT" ? t.value.soldOut : t.value.notForSale}</span>}
                <span class="popular-rank number">{t.value.rank(rank)}</span>
              </span>
              <span class="card-name">
                <bdi>{name}</bdi>
              </span>
              <span class="popular-facts">
                <Money amount={price} />
                <span class="muted number">{t.value.sold(totalSales)}</span>
              </span>
            </a>
          </li>
        ))}
      </ol>
    </section>
  );
}
