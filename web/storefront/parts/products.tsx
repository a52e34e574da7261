import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Body, ProductInList } from "#client";
import { useResource } from "../../shared/resource.ts";
import { redirect, route, to } from "../router.ts";
import { shop } from "../api.ts";
import { t } from "../words/words.ts";
import { Art } from "./art.tsx";
import { Icon } from "./icon.tsx";
import { Empty, Failure, Money, Skeleton } from "./parts.tsx";
import { localName } from "../names.ts";

const SORTS = ["newest", "price", "-price", "name"] as const;
type Sort = (typeof SORTS)[number];
type SearchChange = { q?: string; sort?: Sort; available?: boolean; pages?: number };

/** The list of products with its search; the search is part of the route. */
export function Products() {
  const { query } = route.value;
  const q = query.get("q") ?? "";
  const sort = SORTS.find((value) => value === query.get("sort")) ?? "newest";
  const hideSoldOut = query.get("available") !== null;
  const pages = Math.min(MAX_PAGES, Math.max(1, Number(query.get("pages")) || 1));
  const products = useResource(
    `products ${q} ${sort} ${hideSoldOut} ${pages}`,
    (signal) => readPages({ q, sort, includeSoldOut: !hideSoldOut }, pages, signal),
    { everyMs: 4000 },
  );
  // The previous products stay while the next are loading.
  const latest = useSignal<Body<"listProducts"> | undefined>(undefined);
  if (products.data && latest.peek() !== products.data) latest.value = products.data;
  const shown = products.data ?? latest.value;
  const search = (change: SearchChange): void => {
    const next = { q, sort, available: hideSoldOut, pages: 1, ...change };
    redirect(
      to("/", {
        q: next.q || undefined,
        sort: next.sort === "newest" ? undefined : next.sort,
        available: next.available ? "1" : undefined,
        pages: next.pages > 1 ? String(next.pages) : undefined,
      }),
    );
  };
  return (
    <section>
      <h2 class="section-head">{t.value.products}</h2>
      <ProductFilters q={q} sort={sort} hideSoldOut={hideSoldOut} search={search} />
      <p class="visually-hidden" role="status">
        {q !== "" && products.data ? t.value.found(products.data.products.length) : ""}
      </p>
      {products.error !== undefined && !products.data && <Failure error={products.error} retry={() => void products.reload()} />}
      {!shown && products.error === undefined && <GridSkeleton />}
      {shown?.products.length === 0 && (
        <Empty icon="search" title={t.value.nothingFound} hint={t.value.nothingFoundHint}>
          <a class="button" href={to("/")}>
            {t.value.clearSearch}
          </a>
        </Empty>
      )}
      {shown && shown.products.length > 0 && (
        <ul class="grid" aria-busy={!products.data}>
          {shown.products.map((product) => (
            <ProductCard key={product.id} product={product} />
          ))}
        </ul>
      )}
      {shown?.nextCursor && (
        <p class="more">
          <button type="button" class="button quiet" onClick={() => search({ pages: pages + 1 })}>
            {t.value.more}
          </button>
        </p>
      )}
    </section>
  );
}

type ProductFiltersProps = { q: string; sort: Sort; hideSoldOut: boolean; search: (change: SearchChange) => void };

function ProductFilters({ q, sort, hideSoldOut, search }: ProductFiltersProps) {
  const names = { newest: t.value.newest, price: t.value.priceAscending, "-price": t.value.priceDescending, name: t.value.byName };
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <Search q={q} search={(words) => search({ q: words })} />
      <label class="select">
        <span class="visually-hidden">{t.value.sort}</span>
        <select value={sort} onChange={(event) => search({ sort: event.currentTarget.value as Sort })}>
          {SORTS.map((value) => (
            <option key={value} value={value}>
              {names[value]}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input type="checkbox" checked={hideSoldOut} onChange={(event) => search({ available: event.currentTarget.checked })} />
        {t.value.hideSoldOut}
      </label>
    </form>
  );
}

const MAX_PAGES = 40;
const TYPING_MS = 250;

/** Searches when the visitor pauses, so that a syllable in composition starts no search. */
function Search({ q, search }: { q: string; search: (words: string) => void }) {
  const typed = useSignal(q);
  const searched = useRef(q);
  const latest = useRef(search);
  latest.current = search;
  useEffect(() => {
    // The visitor went back or followed a link, so the route is newer than the text in the field.
    if (q !== searched.current) typed.value = searched.current = q;
  }, [q]);
  useEffect(() => {
    if (typed.value === searched.current) return undefined;
    const timer = setTimeout(() => latest.current((searched.current = typed.peek())), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed.value]);
  return (
    <label class="search">
      <span class="visually-hidden">{t.value.search}</span>
      <Icon name="search" />
      <input
        type="search"
        maxLength={200}
        placeholder={t.value.search}
        value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
    </label>
  );
}

type Filter = { q: string; sort: Sort; includeSoldOut: boolean };

/** Reads the first `count` pages of the list as one. */
async function readPages(filter: Filter, count: number, signal: AbortSignal): Promise<Body<"listProducts">> {
  const products: ProductInList[] = [];
  let cursor: string | null = null;
  for (let i = 0; i < count; i++) {
    const from: { cursor?: string } = cursor === null ? {} : { cursor };
    const { body } = await shop.listProducts({ query: { limit: 24, ...filter, ...from }, signal });
    products.push(...body.products);
    cursor = body.nextCursor;
    if (cursor === null) break;
  }
  return { products, nextCursor: cursor };
}

function ProductCard({ product: { id, name, price, stock, status, imageUrl, dropId } }: { product: ProductInList }) {
  return (
    <li>
      <a class={`card ${status === "SOLD_OUT" ? "sold-out" : ""}`} href={to(`/products/${id}`)}>
        <span class="card-art">
          <Art id={id} name={name} image={imageUrl} />
          {status === "SOLD_OUT" && <span class="stamp">{t.value.soldOut}</span>}
          {/* A drop decides when its units are for sale, so their number alone would mislead. */}
          {status === "ON_SALE" && dropId !== null && <span class="pill few">{t.value.drop}</span>}
          {status === "ON_SALE" && dropId === null && stock <= 5 && <span class="pill few number">{t.value.left(stock)}</span>}
        </span>
        <span class="card-name">
          <bdi>{localName(name)}</bdi>
        </span>
        <span class="card-price">
          <Money amount={price} />
        </span>
      </a>
    </li>
  );
}

function GridSkeleton() {
  return (
    <div class="grid">
      {Array.from({ length: 6 }, (_, i) => (
        <Skeleton key={i} tall lines={2} />
      ))}
    </div>
  );
}
