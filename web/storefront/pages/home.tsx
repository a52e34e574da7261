import { useSignal } from "@preact/signals";
import type { Body, Campaign } from "#client";
import { readCampaigns } from "../../shared/campaigns.ts";
import { useReadyWithin, useResource } from "../../shared/resource.ts";
import { route, to } from "../router.ts";
import { shop } from "../api.ts";
import { Art } from "../parts/art.tsx";
import { CampaignCard, statusNow } from "../parts/campaign.tsx";
import { DropCards, useDrops } from "../parts/drop/drop-card.tsx";
import { Money, Skeleton, Title } from "../parts/parts.tsx";
import { Products } from "../parts/products.tsx";
import { useClaimed } from "../parts/user-resource.ts";
import { session } from "../session.ts";
import { shopName } from "../shop-name.ts";
import { t } from "../words/words.ts";
import { localName } from "../names.ts";

type PopularProduct = Body<"listPopularProducts">["popularProducts"][number];

export function Home() {
  const { query } = route.value;
  const searching = ["q", "sort", "available"].some((name) => query.has(name));
  return (
    <>
      <Title>
        <bdi>{shopName.value}</bdi> <span class="title-sub">{t.value.tagline}</span>
      </Title>
      {searching ? <Products /> : <Market />}
    </>
  );
}

const PARTS_MS = 4000;

/** The parts appear together, so that none of them pushes another away. */
function Market() {
  const drops = useDrops();
  const campaigns = useResource("campaigns", (signal) => readCampaigns(shop, signal), { everyMs: 3000 });
  const claimed = useClaimed();
  const popular = useResource("popular", async (signal) => (await shop.listPopularProducts({ signal })).body.popularProducts);
  const resources = session.value === null ? [drops, campaigns, popular] : [drops, campaigns, popular, claimed];
  if (!useReadyWithin(PARTS_MS, resources)) return <Skeleton tall lines={4} />;
  return (
    <>
      <DropCards drops={drops.data ?? []} />
      <NextCoupon
        campaigns={campaigns.data ?? []}
        claimed={claimed.data ?? NONE}
        changed={() => Promise.all([campaigns.reload(), claimed.reload()])}
      />
      <Popular products={popular.data ?? []} />
      <Products />
    </>
  );
}

const NONE: ReadonlySet<string> = new Set();

type NextCouponProps = { campaigns: readonly Campaign[]; claimed: ReadonlySet<string>; changed: () => Promise<unknown> };

/** The most urgent campaign: an open one, else the next to open. The card that was pressed stays, because it shows the outcome. */
function NextCoupon({ campaigns, claimed, changed }: NextCouponProps) {
  const pressed = useSignal<string | null>(null);
  const next = campaigns.find(({ id }) => id === pressed.value) ?? mostUrgent(campaigns, claimed);
  if (!next) return null;
  return (
    <section class="hero">
      <h2 class="visually-hidden">{t.value.coupons}</h2>
      <CampaignCard
        key={next.id}
        campaign={next}
        claimed={claimed.has(next.id)}
        changed={() => {
          pressed.value = next.id;
          return changed();
        }}
      />
    </section>
  );
}

function mostUrgent(campaigns: readonly Campaign[], claimed: ReadonlySet<string>): Campaign | undefined {
  const rank = (campaign: Campaign): number => (claimed.has(campaign.id) ? 2 : statusNow(campaign) === "OPEN" ? 0 : 1);
  return campaigns
    .filter((campaign) => ["OPEN", "UPCOMING"].includes(statusNow(campaign)))
    .toSorted((a, b) => rank(a) - rank(b) || a.opensAt.localeCompare(b.opensAt))[0];
}

function Popular({ products }: { products: readonly PopularProduct[] }) {
  if (products.length === 0) return null;
  return (
    <section>
      <div class="section-head">
        <h2>{t.value.popular}</h2>
        <p class="muted">{t.value.popularHint}</p>
      </div>
      {/* The list scrolls sideways; its links let the keyboard reach all of it. */}
      <ol class="popular">
        {products.map(({ rank, productId, name, price, status, totalSales, imageUrl }) => (
          <li key={productId}>
            <a class={`popular-card ${status === "ON_SALE" ? "" : "sold-out"}`} href={to(`/products/${productId}`)}>
              <span class="card-art">
                <Art id={productId} name={name} image={imageUrl} />
                {status !== "ON_SALE" && <span class="stamp">{status === "SOLD_OUT" ? t.value.soldOut : t.value.notForSale}</span>}
                <span class="popular-rank number">{t.value.rank(rank)}</span>
              </span>
              <span class="card-name">
                <bdi>{localName(name)}</bdi>
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
