// What the shop's own rules look at before they give anything away: stock, money, coupons, carts.

import { type Mutation, mutation } from "../mutation.ts";

const [POINTS, CACHE, THIRD, VARIANTS, CART] = [
  "test/documents/1-points.test.ts",
  "test/documents/2-balance-cache.test.ts",
  "test/documents/3-locks.test.ts",
  "test/documents/4-variants-batch.test.ts",
  "test/documents/5-cart-gateway.test.ts",
];
const RULES = "test/database/rules.test.ts";
const CAMPAIGNS = "test/api/campaigns.test.ts";
const REHEARSALS = "test/api/rehearsals.test.ts";
const CURRENCY = "test/api/currency.test.ts";
const NO_GATEWAY = "test/api/no-gateway.test.ts";
const BATCHES = "test/api/grant-batches.test.ts";
const REPLAY = "tools/replay/replay.test.ts";
const GRANT_FILE = "test/api/grant-file.test.ts";
const GRANTS = "src/balance/grant-balances.ts";
const GRANT_FAULTS = "src/balance/grant-faults.ts";
const ORDERS = "test/database/order-rules.test.ts";
const CATALOG = "src/catalog/catalog.ts";
const COUPON = "src/coupon/coupon.ts";
const PLACE = "src/order/place-order.ts";
const [EDIT, VARIANT_RULES] = ["src/catalog/edit-product.ts", "src/catalog/variant-rules.ts"];
const [EDITS, HIDDEN] = ["test/api/catalog-edits.test.ts", "test/api/not-for-sale.test.ts"];
const STOCK = "src/catalog/adjust-stock.ts";
const CAMPAIGN = "src/coupon/edit-campaign.ts";
const ISSUE = "src/coupon/issue-coupon.ts";

export const RULES_OF_THE_SHOP: Mutation[] = [
  // Stock
  mutation("that there is as much as is taken", CATALOG, "variant.stock < quantity", "false", [THIRD, "alt 재고 부족 → 400 that says what there is"]),
  mutation("down to the last piece", CATALOG, "variant.stock < quantity", "variant.stock <= quantity", [THIRD, "down to the last piece"]),
  mutation("that a product is for sale", CATALOG, 'variantStatus(article.product, article.variant) !== "ON_SALE"', "false", [
    POINTS,
    "opt 판매 불가 상품",
  ]),
  mutation("that an edit is of the product as it is", EDIT, "version !== product.version", "false", [
    EDITS,
    "an edit of another version is refused as a whole",
  ]),
  mutation("that an edit is of the variant as it is", EDIT, "now !== one.version", "false", [EDITS, "an edit of another version of a variant"]),
  mutation("that an edit makes another version", EDIT, "version: product.version + 1", "version: product.version", [
    EDITS,
    "of many edits of one version",
  ]),
  mutation("that a variant is named once in an edit", EDIT, "found.has(one.id)", "false", [EDITS, "names a variant twice"]),
  mutation("that two prices agree", EDIT, "one.price !== price", "false", [EDITS, "an edit with two prices for a product's only variant"]),
  mutation("that options differ", VARIANT_RULES, "keyOf(other.options) === keyOf(options)", "false", [
    EDITS,
    "variants with equal options are not created",
  ]),
  mutation("that a SKU is one variant's", VARIANT_RULES, "owner !== variantId", "false", [EDITS, "belongs to one variant of the shop"]),
  mutation(
    "that shoppers see no price of what is not for sale",
    "src/catalog/product-view.ts",
    "{ price: null, stock: 0, status }",
    "{ price, stock, status }",
    [HIDDEN, "a product before its launch"],
  ),
  mutation(
    "that only operators see it",
    "src/catalog/catalog.routes.ts",
    '?.role === "operator" ? product.whole : product.shopper',
    "?.role !== undefined ? product.whole : product.shopper",
    [HIDDEN, "a product before its launch"],
  ),
  mutation("that a variant is the product's", CATALOG, "variant === undefined || variant.productId !== productId", "variant === undefined", [
    VARIANTS,
    "opt 존재하지 않는 유저/상품/보유쿠폰",
  ]),
  mutation("that an adjustment leaves something", STOCK, "stock < 0", "false", [RULES, "an adjustment below nothing"]),
  mutation("that an adjustment is bounded", STOCK, "stock > STOCK_MAX", "false", [RULES, "an adjustment beyond the most"]),
  mutation("that a first filling is journalled", "src/catalog/create-products.ts", "delta: variant.stock,", "delta: 0,", [
    RULES,
    "a product's first pieces stand in the journal",
  ]),
  mutation("that equal lines are added up", PLACE, "(lines.get(variantId)?.quantity ?? 0) + article.quantity", "article.quantity", [
    VARIANTS,
    "opt 재고 부족 → 400 where two lines of one variant together",
  ]),
  mutation("that lines together are bounded", PLACE, "quantity > MOST_PIECES", "false", [RULES, "lines of one variant together beyond a million"]),
  mutation("that a total can be counted", PLACE, "!Number.isSafeInteger(totalAmount)", "false", [RULES, "an order too large to be counted"]),
  mutation("that the buyer exists", PLACE, 'return buyer ?? refuse("USER_NOT_FOUND", { userId });', "return buyer ?? { rehearsalId: null };", [
    RULES,
    "an order for nobody",
  ]),
  mutation("that the product exists", PLACE, "productFor(uow, article.productId, buyer);", "", [RULES, "an order for nothing"]),
  mutation("that goods are taken with the money", "src/order/payment/pay-from-balance.ts", "  reserveStock(uow, order, items);\n", "", [
    CACHE,
    "par 핵심 주문 처리 → stock is checked and taken",
  ]),
  mutation("that money is taken with the goods", "src/order/payment/pay-from-balance.ts", "if (amount > 0) moveMoney", "if (false) moveMoney", [
    CACHE,
    "and (결제 처리) → the balance falls",
  ]),

  // Money
  mutation("that a payment is in the shop's currency", "src/settlement/capture-outcome.ts", "payment.currency !== currency", "false", [
    CURRENCY,
    "an equal number of another currency",
  ]),
  mutation("that money goes back in the shop's currency", "src/settlement/gateway-refund.ts", "payment.currency !== gateway.currency", "false", [
    CURRENCY,
    "a partial refund in another currency",
  ]),
  mutation("that both books count in one currency", "src/settlement/reconcile.ts", "gateway.currency !== currency &&", "false &&", [
    CURRENCY,
    "equal numbers of two currencies",
  ]),
  mutation("that a shop with a database of its own does not simulate cards", "src/config.ts", 'embedded || given === "simulator"', "true", [
    NO_GATEWAY,
    "only an embedded shop",
  ]),
  mutation("that a card needs a gateway", "src/order/payment/start-card-payment.ts", "if (!cardsAreTaken)", "if (false)", [
    NO_GATEWAY,
    "refuses cards",
  ]),
  mutation("that there is as much money as is paid", "src/balance/balance.ts", "balance < 0", "false", [THIRD, "alt 잔액 부족 → 400"]),
  mutation("the most on a balance", "src/balance/balance.ts", "wallet.balance + amount > balanceMax", "false", [CART, "alt 충전 유효성 검사 실패"]),
  mutation("that money moves with its row in the ledger", "src/balance/balance.ts", "  uow.append(ledger, transaction);\n", "", [
    CACHE,
    "else 충전 처리 성공 → {userId, newBalance, transactionId}",
  ]),
  mutation("that a movement takes the next version", "src/balance/balance.ts", "wallet.version + 1", "wallet.version", [
    CACHE,
    "flow → charges add up",
  ]),
  mutation("the version that a charge was read at", "src/balance/charge-balance.ts", "version !== null && version !== wallet.version", "false", [
    THIRD,
    "alt 동시성 충돌",
  ]),
  mutation("the least and the most of a charge", "src/balance/balance.routes.ts", "Amount(1, chargeMax)", "Amount(-10, 9e15)", [
    POINTS,
    "opt 유효하지 않은 금액",
  ]),
  mutation("that grants are for all or nobody", GRANTS, "if (faults.length > 0) refuseGrants", "if (false) refuseGrants", [
    RULES,
    "grants of which one is for nobody",
  ]),
  mutation("that a batch grants a row once", GRANTS, "grantedBefore(uow, batch, grant) === undefined", "true", [
    BATCHES,
    "the same rows again, reordered",
  ]),
  mutation("that a dry run grants nothing", GRANTS, "if (dryRun) return", "if (false) return", [BATCHES, "a dry run names every faulty row"]),
  mutation("that a batch does not pay a corrected amount", GRANT_FAULTS, "before !== undefined && before !== amount", "false", [
    BATCHES,
    "a row that was paid with another amount",
  ]),
  mutation("that a row is in a batch's list once", GRANT_FAULTS, "first !== undefined", "false", [BATCHES, "a row twice in one list"]),
  mutation("that the limit holds for a list's grants together", GRANT_FAULTS, "balance + amount > balanceMax", "false", [
    BATCHES,
    "the first 20 faulty rows of a list are named",
  ]),
  mutation("that a replay's batch is known while the keys are", "tools/replay/import-sales.ts", "if (oldest < now - keysKeptMs)", "if (false)", [
    REPLAY,
    "a batch older than the shop keeps keys",
  ]),
  mutation("that an invoice has one key", "tools/replay/names.ts", "`order ${invoice}`", "`order ${invoice} ${Math.random()}`", [
    REPLAY,
    "a file with one corrected date",
  ]),
  mutation(
    "that an invoice is paid for once",
    "tools/replay/names.ts",
    "`grant for invoice ${invoice}`",
    "`grant for invoice ${invoice} ${Math.random()}`",
    [REPLAY, "an invoice with another customer"],
  ),
  mutation("that a file is checked before it is brought in", "tools/replay/replay.ts", "if (faults.length > 0) refuseFile", "if (false) refuseFile", [
    REPLAY,
    "a file that the shop would refuse in part",
  ]),
  mutation(
    "that a file of grants is checked whole",
    "web/console/grants.ts",
    "if (faults.length > 0) return faults.toSorted",
    "if (false) return faults.toSorted",
    [GRANT_FILE, "an unknown user in the last part"],
  ),
  mutation("one user per external id", "src/balance/create-users.ts", "if (uow.find(externalIds, externalId))", "if (false)", [
    RULES,
    "an external id twice in one list",
  ]),

  // Coupons
  mutation("a campaign's total", ISSUE, "campaign.issuedQuantity >= campaign.totalQuantity", "false", [THIRD, "alt 발급 수량 초과"]),
  mutation("one coupon per user", ISSUE, "if (uow.find(claims, claimKey(couponId, userId)))", "if (false)", [THIRD, "alt 이미 보유 중"]),
  mutation("a campaign's window", ISSUE, "!isOpen(campaign, uow.now)", "false", [CACHE, "else 발급 불가 (품절 또는 비활성)"]),
  mutation("that a campaign has opened", COUPON, "return campaign.opensAt <= now && !isOver(campaign, now);", "return !isOver(campaign, now);", [
    RULES,
    "is open from opensAt on",
  ]),
  mutation("that a campaign has closed", COUPON, "(closesAt !== null && closesAt <= now)", "(closesAt !== null && closesAt < now)", [
    RULES,
    "is open from opensAt on",
  ]),
  mutation("that a campaign's coupons have not run out", COUPON, " || (expiresAt !== null && expiresAt <= now)", "", [
    RULES,
    "is open from opensAt on",
  ]),
  mutation("that whoever gets a coupon exists", ISSUE, '?? refuse("USER_NOT_FOUND", { userId })', "?? { rehearsalId: null }", [
    VARIANTS,
    "opt 존재하지 않는 유저/쿠폰",
  ]),
  mutation("that an issued coupon is counted", ISSUE, "issuedQuantity: campaign.issuedQuantity + 1", "issuedQuantity: campaign.issuedQuantity", [
    CACHE,
    "else 발급 가능 → the coupon is AVAILABLE",
  ]),
  mutation("whose a coupon is", COUPON, "coupon === undefined || coupon.userId !== userId", "coupon === undefined", [THIRD, "alt 쿠폰 무효"]),
  mutation("that a coupon is unused and not run out", COUPON, 'if (status !== "AVAILABLE") refuse', "if (false) refuse", [THIRD, "alt 쿠폰 무효"]),
  mutation("a coupon's time, before the job has come by", COUPON, "coupon.expiresAt !== null && coupon.expiresAt <= now", "false", [
    VARIANTS,
    "opt 쿠폰 상태가 UNUSED가 아닌 경우",
  ]),
  mutation("a coupon's least order", COUPON, "totalAmount < minOrderAmount", "false", [THIRD, "alt 쿠폰 무효"]),
  mutation("that a fixed discount is no more than the order", COUPON, "Math.min(discount.amount, totalAmount)", "discount.amount", [
    THIRD,
    "else 쿠폰 유효 →",
  ]),
  mutation("the most of a percentage", COUPON, "discount.maxAmount ?? wanted, totalAmount", "wanted, totalAmount", [THIRD, "else 쿠폰 유효 →"]),
  mutation("that a percentage rounds down", COUPON, "Math.floor((rest * rate) / 100)", "Math.ceil((rest * rate) / 100)", [THIRD, "else 쿠폰 유효 →"]),
  mutation(
    "that a coupon is used up with its order",
    "src/order/reserve-stock.ts",
    "if (order.userCouponId !== null) takeCoupon",
    "if (false) takeCoupon",
    [THIRD, "opt 쿠폰 사용된 경우"],
  ),
  mutation("that a coupon comes back only from the order that has it", COUPON, "if (coupon?.orderId !== orderId)", "if (coupon === undefined)", [
    ORDERS,
    "a coupon that another order has",
  ]),
  mutation("that a coupon comes back expired where its time is up", COUPON, "status: couponStatus(returned, uow.now) }", 'status: "AVAILABLE" }', [
    ORDERS,
    "a coupon that comes back too late",
  ]),
  mutation("that an issued discount stands", CAMPAIGN, "!sameDiscount(campaign.discount, edited.discount) && campaign.issuedQuantity > 0", "false", [
    RULES,
    "a discount that somebody holds",
  ]),
  mutation("that the same discount is no change", CAMPAIGN, "!sameDiscount(campaign.discount, edited.discount) &&", "fields.discount &&", [
    CAMPAIGNS,
    "an edit that repeats all fields unchanged",
  ]),
  mutation("an edit's version", CAMPAIGN, "version !== undefined && version !== campaign.version", "false", [
    CAMPAIGNS,
    "an edit of an older version",
  ]),
  mutation("that an edit raises the version", CAMPAIGN, "{ ...edited, version: campaign.version + 1 }", "edited", [
    CAMPAIGNS,
    "each edit raises the version",
  ]),
  mutation("that a closed campaign stays as it is", CAMPAIGN, "if (isOver(campaign, uow.now))", "if (false)", [
    CAMPAIGNS,
    "a repeat changes nothing",
  ]),
  mutation("that a coupon is good to the end of its last day", "src/day.ts", "(days + 1) * DAY_MS", "days * DAY_MS", [
    CAMPAIGNS,
    "a coupon is valid until the end",
  ]),
  mutation("that a campaign's own end cuts its coupons' days", COUPON, "expiresAt ?? Number.POSITIVE_INFINITY)", "Number.POSITIVE_INFINITY)", [
    CAMPAIGNS,
    "an earlier end of the campaign ends its coupons",
  ]),
  mutation(
    "that a list's order stands while it is read",
    "src/coupon/coupon.routes.ts",
    "campaignPlace(cursor) ?? firstCampaign(at)",
    "{ ...(campaignPlace(cursor) ?? firstCampaign(at)), at }",
    [CAMPAIGNS, "pages show each campaign once"],
  ),

  // Rehearsals
  mutation("whose copies are bought", CATALOG, "!product || !sameRehearsal(product, user)", "!product", [
    REHEARSALS,
    "while a rehearsal's copy sells",
  ]),
  mutation("whose copy's coupons are issued", ISSUE, "!campaign || !sameRehearsal(campaign, member)", "!campaign", [
    REHEARSALS,
    "while a rehearsal's copy sells",
  ]),
  mutation("who sees a copy", "src/balance/rehearsal-buyers.ts", "if (caller === null) return false;", "return true;", [
    REHEARSALS,
    "while a rehearsal's copy sells",
  ]),
  mutation("that a sold-out copy is not known without the till", "src/coupon/sold-out.ts", "campaign.rehearsalId !== null", "false", [
    REHEARSALS,
    "while a rehearsal's copy sells",
  ]),
  mutation("that a total stays above what was issued", CAMPAIGN, "edited.totalQuantity < campaign.issuedQuantity", "false", [
    RULES,
    "a total below what was issued",
  ]),
  mutation("that a campaign closes after it opens", CAMPAIGN, "closesAt !== null && closesAt <= opensAt", "false", [RULES, "times that contradict"]),
  mutation("that a campaign's coupons outlast its opening", CAMPAIGN, "expiresAt !== null && expiresAt <= opensAt", "false", [
    RULES,
    "times that contradict",
  ]),
  mutation("that a known sold-out campaign is told apart from a closed one", "src/coupon/sold-out.ts", "isOpen(known.campaign, now)", "true", [
    RULES,
    "sold out and closed since",
  ]),
  mutation("that what is sold out is learnt", "src/coupon/coupon.routes.ts", "void soldOut.learn(couponId).catch(() => {})", "{}", [
    "test/api/sold-out.test.ts",
    "what is sold out is refused without the till",
  ]),
  mutation("that more coupons are believed", "src/app/app.ts", "soldOut.forget(word.slice(CAMPAIGN.length))", "{}", [
    "test/api/sold-out.test.ts",
    "an operator who adds coupons",
  ]),
  mutation(
    "that an expired coupon is not marked before its time",
    "src/coupon/expire-coupon.ts",
    '|| couponStatus(coupon, uow.now) !== "EXPIRED"',
    "",
    [RULES, "the job marks"],
  ),

  // Carts
  mutation("a variant once per cart", "src/cart/edit-cart.ts", "if (cart.some((item) => item.variantId === variantId))", "if (false)", [
    CART,
    "opt 장바구니 중복 Error",
  ]),
  mutation("the most in a cart", "src/cart/edit-cart.ts", "cart.length >= CART_MAX", "false", [RULES, "a cart holds so many"]),
  mutation("that a checkout empties the cart", PLACE, "if (input.lineItems === null) uow.put(carts, input.userId, []);", "", [
    CART,
    "flow → the whole cart is ordered",
  ]),
  mutation(
    "that a cart which has grown is read again",
    PLACE,
    "if (cart.some((item) => !uow.holds(variants, item.variantId))) throw",
    "if (false) throw",
    [RULES, "a cart that has grown since it was read"],
  ),
];
