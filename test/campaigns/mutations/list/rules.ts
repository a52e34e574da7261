// What the shop's own rules look at before they give anything away: stock, money, coupons, carts.

import { type Mutation, mutation } from "../mutation.ts";

const [POINTS, CACHE, THIRD, VARIANTS, CART] = [
  "test/documents/1-points.test.ts",
  "test/documents/2-balance-cache.test.ts",
  "test/documents/3-locks.test.ts",
  "test/documents/4-variants-batch.test.ts",
  "test/documents/5-cart-gateway.test.ts",
];
const RULES = "test/rules/rules.test.ts";
const CAMPAIGNS = "test/api/campaigns.test.ts";
const REHEARSALS = "test/api/rehearsals.test.ts";
const CURRENCY = "test/api/currency.test.ts";
const NO_GATEWAY = "test/api/no-gateway.test.ts";
const BATCHES = "test/api/grant-batches.test.ts";
const REPLAY = "tools/replay/replay.test.ts";
const GRANT_FILE = "test/api/grant-file.test.ts";
const GRANTS = "src/balance/grant-balances.ts";
const GRANT_FAULTS = "src/balance/grant-faults.ts";
const ORDERS = "test/rules/order-rules.test.ts";
const COUPON = "src/coupon/coupon.ts";
const PLACE = "src/order/place-order.ts";
const [EDIT, VARIANT_RULES] = ["src/catalog/edit-product.ts", "src/catalog/variant-rules.ts"];
const [EDITS, HIDDEN] = ["test/api/catalog-edits.test.ts", "test/api/not-for-sale.test.ts"];
const STOCK = "src/catalog/adjust-stock.ts";
const CAMPAIGN = "src/coupon/edit-campaign.ts";
const ISSUE = "src/coupon/issue-coupon.ts";

export const RULES_OF_THE_SHOP: Mutation[] = [
  // Stock
  mutation("that there is as much as is taken", "src/catalog/stock.ts", "variant.stock < quantity", "false", [
    THIRD,
    "alt 재고 부족 → 400 that says what there is",
  ]),
  mutation("down to the last piece", "src/catalog/stock.ts", "variant.stock < quantity", "variant.stock <= quantity", [
    THIRD,
    "down to the last piece",
  ]),
  mutation("that a product is for sale", "src/catalog/get-variant.ts", 'variantStatus(product, variant) !== "ON_SALE"', "false", [
    POINTS,
    "opt 판매 불가 상품",
  ]),
  mutation("that an edit is of the product as it is", EDIT, "version !== product.version", "false", [EDITS, "an edit of an old product version"]),
  mutation("that an edit is of the variant as it is", EDIT, "variant.version !== edit.version", "false", [
    EDITS,
    "an edit of an old variant version",
  ]),
  mutation("that an edit makes another version", EDIT, "version: product.version + 1", "version: product.version", [
    EDITS,
    "of concurrent edits of one version",
  ]),
  mutation("that a variant is named once in an edit", EDIT, "found.has(edit.id)", "false", [EDITS, "an edit that names a variant twice"]),
  mutation("that two prices agree", EDIT, "edit.price !== price", "false", [EDITS, "an edit that gives the only variant"]),
  mutation("that options differ", VARIANT_RULES, "keyOf(other.options) === keyOf(options)", "false", [
    EDITS,
    "variants with equal options are refused",
  ]),
  mutation("that a SKU is one variant's", "src/catalog/sku.ts", "owner !== variantId", "false", [EDITS, "a SKU belongs to one variant of the shop"]),
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
    '?.role === "operator" ? product.forOperators : product.forShoppers',
    "?.role !== undefined ? product.forOperators : product.forShoppers",
    [HIDDEN, "a product before its launch"],
  ),
  mutation(
    "that a variant is the product's",
    "src/catalog/get-variant.ts",
    "variant === undefined || variant.productId !== productId",
    "variant === undefined",
    [VARIANTS, "opt 존재하지 않는 유저/상품/보유쿠폰"],
  ),
  mutation("that an adjustment leaves something", STOCK, "stock < 0", "false", [RULES, "a stock adjustment below zero"]),
  mutation("that an adjustment is bounded", STOCK, "stock > STOCK_MAX", "false", [RULES, "a stock adjustment above the maximum"]),
  mutation("that a first filling is journalled", "src/catalog/create-products.ts", "delta: variant.stock,", "delta: 0,", [
    RULES,
    "a new product's initial stock is written",
  ]),
  mutation("that equal lines are added up", PLACE, "(merged.get(variantId)?.quantity ?? 0) + request.quantity", "request.quantity", [
    VARIANTS,
    "opt 재고 부족 → 400 where two lines of one variant together",
  ]),
  mutation("that lines together are bounded", PLACE, "quantity > QUANTITY_MAX", "false", [
    RULES,
    "line items of one variant may not exceed a million",
  ]),
  mutation("that a total can be counted", PLACE, "!Number.isSafeInteger(totalAmount)", "false", [RULES, "an order whose total is too large"]),
  mutation("that the buyer exists", PLACE, 'return buyer ?? refuse("USER_NOT_FOUND", { userId });', "return buyer ?? { rehearsalId: null };", [
    RULES,
    "an order for an unknown user",
  ]),
  mutation("that the product exists", PLACE, "    getProduct(uow, productId, buyer);", "", [RULES, "an order for an unknown product"]),
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
    "a capture of the same number in another currency",
  ]),
  mutation("that money goes back in the shop's currency", "src/settlement/gateway-refund.ts", "payment.currency !== gateway.currency", "false", [
    CURRENCY,
    "a partial refund in another currency",
  ]),
  mutation("that both books count in one currency", "src/settlement/reconcile.ts", "gateway.currency !== currency &&", "false &&", [
    CURRENCY,
    "the same numbers in two currencies",
  ]),
  mutation("that a shop with a database of its own does not simulate cards", "src/config.ts", 'embedded || given === "simulator"', "true", [
    NO_GATEWAY,
    "cards are simulated only in an embedded shop",
  ]),
  mutation("that a card needs a gateway", "src/order/payment/start-card-payment.ts", "if (!cardsAreTaken)", "if (false)", [
    NO_GATEWAY,
    "a shop without a gateway refuses cards",
  ]),
  mutation("that there is as much money as is paid", "src/balance/move-money.ts", "balance < 0", "false", [THIRD, "alt 잔액 부족 → 400"]),
  mutation("the most on a balance", "src/balance/balance.ts", "wallet.balance + amount > balanceMax", "false", [CART, "alt 충전 유효성 검사 실패"]),
  mutation("that money moves with its row in the ledger", "src/balance/move-money.ts", "  uow.append(ledger, transaction);\n", "", [
    CACHE,
    "else 충전 처리 성공 → {userId, newBalance, transactionId}",
  ]),
  mutation("that a movement takes the next version", "src/balance/move-money.ts", "wallet.version + 1", "wallet.version", [
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
    "a list of grants with one unknown user",
  ]),
  mutation("that a batch grants a row once", GRANTS, "grantedBefore(uow, batch, grant) === undefined", "true", [
    BATCHES,
    "a batch sent again in any order",
  ]),
  mutation("that a dry run grants nothing", GRANTS, "if (dryRun) return", "if (false) return", [BATCHES, "a dry run reports each invalid row"]),
  mutation("that a batch does not pay a corrected amount", GRANT_FAULTS, "grantedAmount !== undefined && grantedAmount !== amount", "false", [
    BATCHES,
    "a row of a batch that was paid with another amount",
  ]),
  mutation("that a row is in a batch's list once", GRANT_FAULTS, "first !== undefined", "false", [BATCHES, "a repeated row within a batch"]),
  mutation("that the limit holds for a list's grants together", GRANT_FAULTS, "balance + amount > balanceMax", "false", [
    BATCHES,
    "the first 20 invalid rows are reported",
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
    "a list of users with one external id twice",
  ]),

  // Coupons
  mutation("a campaign's total", ISSUE, "isSoldOut(campaign)", "false", [THIRD, "alt 발급 수량 초과"]),
  mutation("one coupon per user", ISSUE, "if (uow.find(claims, claimKey(couponId, userId)))", "if (false)", [THIRD, "alt 이미 보유 중"]),
  mutation("a campaign's window", ISSUE, "!isOpen(campaign, uow.now)", "false", [CACHE, "else 발급 불가 (품절 또는 비활성)"]),
  mutation("that a campaign has opened", COUPON, "return campaign.opensAt <= now && !isOver(campaign, now);", "return !isOver(campaign, now);", [
    RULES,
    "a campaign is open from opensAt until",
  ]),
  mutation("that a campaign has closed", COUPON, "(closesAt !== null && closesAt <= now)", "(closesAt !== null && closesAt < now)", [
    RULES,
    "a campaign is open from opensAt until",
  ]),
  mutation("that a campaign's coupons have not run out", COUPON, " || (expiresAt !== null && expiresAt <= now)", "", [
    RULES,
    "a campaign is open from opensAt until",
  ]),
  mutation("that whoever gets a coupon exists", ISSUE, '?? refuse("USER_NOT_FOUND", { userId })', "?? { rehearsalId: null }", [
    VARIANTS,
    "opt 존재하지 않는 유저/쿠폰",
  ]),
  mutation("that an issued coupon is counted", ISSUE, "issuedQuantity: campaign.issuedQuantity + 1", "issuedQuantity: campaign.issuedQuantity", [
    CACHE,
    "else 발급 가능 → the coupon is AVAILABLE",
  ]),
  mutation("whose a coupon is", "src/coupon/use-coupon.ts", "coupon === undefined || coupon.userId !== userId", "coupon === undefined", [
    THIRD,
    "alt 쿠폰 무효",
  ]),
  mutation("that a coupon is unused and not run out", "src/coupon/use-coupon.ts", 'if (status !== "AVAILABLE") refuse', "if (false) refuse", [
    THIRD,
    "alt 쿠폰 무효",
  ]),
  mutation("a coupon's time, before the job has come by", COUPON, "coupon.expiresAt !== null && coupon.expiresAt <= now", "false", [
    VARIANTS,
    "opt 쿠폰 상태가 UNUSED가 아닌 경우",
  ]),
  mutation("a coupon's least order", "src/coupon/use-coupon.ts", "totalAmount < minOrderAmount", "false", [THIRD, "alt 쿠폰 무효"]),
  mutation("that a fixed discount is no more than the order", COUPON, "Math.min(discount.amount, totalAmount)", "discount.amount", [
    THIRD,
    "else 쿠폰 유효 →",
  ]),
  mutation("the most of a percentage", COUPON, "discount.maxAmount ?? percentage, totalAmount", "percentage, totalAmount", [
    THIRD,
    "else 쿠폰 유효 →",
  ]),
  mutation("that a percentage rounds down", COUPON, "Math.floor((rest * rate) / 100)", "Math.ceil((rest * rate) / 100)", [THIRD, "else 쿠폰 유효 →"]),
  mutation(
    "that a coupon is used up with its order",
    "src/order/reserve-stock.ts",
    "if (order.userCouponId !== null) useCoupon",
    "if (false) useCoupon",
    [THIRD, "opt 쿠폰 사용된 경우"],
  ),
  mutation(
    "that a coupon comes back only from the order that has it",
    "src/coupon/use-coupon.ts",
    "if (coupon?.orderId !== orderId)",
    "if (coupon === undefined)",
    [ORDERS, "a coupon that another order uses"],
  ),
  mutation(
    "that a coupon comes back expired where its time is up",
    "src/coupon/use-coupon.ts",
    "status: couponStatus(returned, uow.now) }",
    'status: "AVAILABLE" }',
    [ORDERS, "a coupon that is restored after its expiry"],
  ),
  mutation("that an issued discount stands", CAMPAIGN, "!sameDiscount(campaign.discount, edited.discount) && campaign.issuedQuantity > 0", "false", [
    RULES,
    "a campaign's discount can be changed only while",
  ]),
  mutation("that the same discount is no change", CAMPAIGN, "!sameDiscount(campaign.discount, edited.discount) &&", "fields.discount &&", [
    CAMPAIGNS,
    "an edit that sends all fields back",
  ]),
  mutation("an edit's version", CAMPAIGN, "version !== undefined && version !== campaign.version", "false", [
    CAMPAIGNS,
    "an edit of an old campaign version",
  ]),
  mutation("that an edit raises the version", CAMPAIGN, "{ ...edited, version: campaign.version + 1 }", "edited", [
    CAMPAIGNS,
    "each edit of a campaign raises its version",
  ]),
  mutation("that a closed campaign stays as it is", CAMPAIGN, "if (isOver(campaign, uow.now))", "if (false)", [
    CAMPAIGNS,
    "closing it again changes nothing",
  ]),
  mutation("that a coupon is good to the end of its last day", "src/day.ts", "(days + 1) * DAY_MS", "days * DAY_MS", [
    CAMPAIGNS,
    "a coupon is valid until the end of its last day",
  ]),
  mutation("that a campaign's own end cuts its coupons' days", COUPON, "expiresAt ?? Number.POSITIVE_INFINITY)", "Number.POSITIVE_INFINITY)", [
    CAMPAIGNS,
    "a coupon expires with its campaign",
  ]),
  mutation(
    "that a list's order stands while it is read",
    "src/coupon/coupon.routes.ts",
    "campaignPlace(query.cursor) ?? firstCampaign(at)",
    "{ ...(campaignPlace(query.cursor) ?? firstCampaign(at)), at }",
    [CAMPAIGNS, "pages list each campaign once"],
  ),

  // Rehearsals
  mutation("whose copies are bought", "src/catalog/get-variant.ts", "!product || !sameRehearsal(product, user)", "!product", [
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
    "a campaign's total cannot be set below",
  ]),
  mutation("that a campaign closes after it opens", CAMPAIGN, "closesAt !== null && closesAt <= opensAt", "false", [RULES, "is not after opensAt"]),
  mutation("that a campaign's coupons outlast its opening", CAMPAIGN, "expiresAt !== null && expiresAt <= opensAt", "false", [
    RULES,
    "is not after opensAt",
  ]),
  mutation("that a known sold-out campaign is told apart from a closed one", "src/coupon/sold-out.ts", "isOpen(known.campaign, now)", "true", [
    RULES,
    "a sold-out campaign that has closed",
  ]),
  mutation("that what is sold out is learnt", "src/coupon/coupon.routes.ts", "void soldOut.learn(couponId).catch(() => {})", "{}", [
    "test/api/sold-out.test.ts",
    "a claim of a sold-out campaign is refused without the till",
  ]),
  mutation("that more coupons are believed", "src/app/invalidation.ts", "soldOut.forget(word.slice(CAMPAIGN_CHANGED.length))", "{}", [
    "test/api/sold-out.test.ts",
    "coupons that an operator adds",
  ]),
  mutation(
    "that an expired coupon is not marked before its time",
    "src/coupon/expire-coupon.ts",
    '|| couponStatus(coupon, uow.now) !== "EXPIRED"',
    "",
    [RULES, "the expiry job marks a coupon"],
  ),

  // Carts
  mutation("a variant once per cart", "src/cart/edit-cart.ts", "if (cart.some((item) => item.variantId === variantId))", "if (false)", [
    CART,
    "opt 장바구니 중복 Error",
  ]),
  mutation("the most in a cart", "src/cart/edit-cart.ts", "cart.length >= CART_MAX", "false", [RULES, "a cart takes at most"]),
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
