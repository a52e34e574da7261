// Goods that are fewer than their buyers, offered anew during each fault: a product and a coupon.

import { RetryingClient } from "../../support/retrying-client.ts";
import { type Answer, Client } from "../../support/shop.ts";

const BUYERS = 10;
const UNITS = 15;
const COUPONS = 5;
const TRIES = 2;

type Offer = { productId: string; couponId: string; sold: number; issued: number };

export class Scarce {
  readonly #client: RetryingClient;
  readonly #operator: Client;
  #buyers: string[] = [];
  readonly #offers: Offer[] = [];
  #key = 0;

  constructor(instances: () => readonly string[]) {
    this.#client = new RetryingClient(instances);
    this.#operator = new Client("http://unused", "an-operator", "operator");
  }

  /** Creates buyers with a balance. */
  async start(): Promise<void> {
    const users = { users: Array.from({ length: BUYERS }, () => ({ name: "손님" })) };
    this.#buyers = ((await this.#send(this.#operator, "/admin/users", users)).body.users as { id: string }[]).map(({ id }) => id);
    const grants = this.#buyers.map((userId) => ({ userId, amount: 1_000_000, reason: "scarce" }));
    await this.#send(this.#operator, "/admin/balances/grant", { grants });
  }

  /** Offers a product and a coupon. Resolves when each buyer has tried to get them. */
  async offer(): Promise<void> {
    const product = await this.#send(this.#operator, "/admin/products", { name: "한정", price: 1, stock: UNITS });
    const coupon = await this.#send(this.#operator, "/admin/coupons", {
      name: "장날",
      discount: { type: "FIXED", amount: 1 },
      totalQuantity: COUPONS,
    });
    if (product.status !== 201 || coupon.status !== 201) throw new Error(`no offer: ${product.text} ${coupon.text}`);
    const offer: Offer = { productId: product.body.id, couponId: coupon.body.id, sold: 0, issued: 0 };
    this.#offers.push(offer);
    await Promise.all(this.#buyers.map((id) => this.#buy(new Client("http://unused", id, "shopper"), offer)));
  }

  async #buy(buyer: Client, offer: Offer): Promise<void> {
    const issued = await this.#send(buyer, `/coupons/${offer.couponId}/issue`, {});
    if (issued.status === 201) offer.issued++;
    for (let i = 0; i < TRIES; i++) {
      const order = await this.#send(buyer, "/orders", { orderItems: [{ productId: offer.productId, quantity: 1 }] });
      if (order.status === 201) offer.sold++;
    }
  }

  /** Names each offer of which more or fewer were given than there were. */
  async faults(): Promise<string[]> {
    const found: string[] = [];
    for (const { productId, couponId, sold, issued } of this.#offers) {
      const { stock } = (await this.#send(this.#operator, `/products/${productId}`, undefined, "GET")).body as { stock?: number };
      if (sold !== UNITS || stock !== UNITS - sold) found.push(`${sold} of ${UNITS} units were sold, and ${stock} are left`);
      if (issued !== COUPONS) found.push(`${issued} of ${COUPONS} coupons ${couponId} were issued`);
    }
    return found;
  }

  get offers(): number {
    return this.#offers.length;
  }

  #send({ token }: Client, path: string, body: unknown, method = "POST"): Promise<Answer> {
    return this.#client.send({ method, path, body, key: `scarce-${this.#key++}`, token });
  }
}
