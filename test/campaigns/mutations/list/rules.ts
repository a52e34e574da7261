// Rules of stock, money, coupons, rehearsals and carts.

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
const SAVE = "src/catalog/save-product.ts";
const STOCK = "src/catalog/adjust-stock.ts";
const CAMPAIGN = "src/coupon/edit-campaign.ts";
const ISSUE = "src/coupon/issue-coupon.ts";

export const RULES_OF_THE_SHOP: Mutation[] = [
  // Stock
  mutation("a sale does not exceed the stock", "src/catalog/stock.ts", "variant.stock < quantity", "false", [
    THIRD,
    "alt 재고 부족 → 400 that says what there is",
  ]),
  mutation("the last unit can be sold", "src/catalog/stock.ts", "variant.stock < quantity", "variant.stock <= quantity", [
    THIRD,
    "down to the last piece",
  ]),
  mutation("only a product on sale is sold", "src/catalog/get-variant.ts", 'variantStatus(product, variant) !== "ON_SALE"', "false", [
    POINTS,
    "opt 판매 불가 상품",
  ]),
  mutation("an edit checks the product's version", EDIT, "version !== before.version", "false", [EDITS, "an edit of an old product version"]),
  mutation("an edit checks the variant's version", EDIT, "versions.get(one.id) !== one.version", "false", [
    EDITS,
    "an edit of an old variant version",
  ]),
  mutation("an edit takes the next product version", SAVE, "version: before.version + 1", "version: before.version", [
    EDITS,
    "of concurrent edits of one version",
  ]),
  mutation("an edit names a variant once", EDIT, "found.has(one.id)", "false", [EDITS, "an edit that names a variant twice"]),
  mutation("an edit has one price for the only variant", EDIT, "one.price !== price", "false", [EDITS, "an edit that gives the only variant"]),
  mutation("two variants have different options", VARIANT_RULES, "optionsKey(other.options) === optionsKey(options)", "false", [
    EDITS,
    "variants with equal options are refused",
  ]),
  mutation("a SKU belongs to one variant", "src/catalog/keys.ts", "owner !== variantId", "false", [
    EDITS,
    "a SKU belongs to one variant of the shop",
  ]),
  mutation(
    "shoppers do not see the price of a product that is not for sale",
    "src/catalog/product-view.ts",
    "{ price: null, stock: 0, status, imageUrl: null }",
    "{ price, stock, status }",
    [HIDDEN, "a product before its launch"],
  ),
  mutation(
    "only operators see products that are not for sale",
    "src/catalog/catalog.routes.ts",
    'isReader(caller, "catalog") ? product.forOperators : product.forShoppers',
    "caller !== null ? product.forOperators : product.forShoppers",
    [HIDDEN, "a product before its launch"],
  ),
  mutation(
    "a variant belongs to the named product",
    "src/catalog/get-variant.ts",
    "variant === undefined || variant.productId !== productId",
    "variant === undefined",
    [VARIANTS, "opt 존재하지 않는 유저/상품/보유쿠폰"],
  ),
  mutation("an adjustment does not make stock negative", STOCK, "stock < 0", "false", [RULES, "a stock adjustment below zero"]),
  mutation("an adjustment does not exceed the stock limit", STOCK, "stock > STOCK_MAX", "false", [RULES, "a stock adjustment above the maximum"]),
  mutation("the initial stock has a journal entry", SAVE, "delta: stock,", "delta: 0,", [RULES, "a new product's initial stock is written"]),
  mutation("equal line items of an order are added up", PLACE, "(merged.get(variantId)?.quantity ?? 0) + request.quantity", "request.quantity", [
    VARIANTS,
    "opt 재고 부족 → 400 if two line items of one variant together",
  ]),
  mutation("the quantity of a variant is bounded across line items", PLACE, "quantity > QUANTITY_MAX", "false", [
    RULES,
    "line items of one variant may not exceed a million",
  ]),
  mutation("an order's total is a safe integer", PLACE, "!Number.isSafeInteger(totalAmount)", "false", [RULES, "an order whose total is too large"]),
  mutation(
    "an order needs an existing buyer",
    "src/order/buyer.ts",
    "return locksWallet(input) ? getWallet(uow, input.userId) : getMember(uow, input.userId);",
    "return uow.find(locksWallet(input) ? users : members, input.userId) ?? { rehearsalId: null };",
    [RULES, "an order for an unknown user"],
  ),
  mutation(
    "an order needs existing products",
    PLACE,
    "product = getProduct(uow, request.productId, buyer);",
    "product = uow.find(products, request.productId) as never;",
    [RULES, "an order for an unknown product"],
  ),
  mutation(
    "a payment from the balance reserves stock",
    "src/order/payment/pay-from-balance.ts",
    "  if (!order.holdsStock) reserveStock(uow, order, held);\n",
    "",
    [CACHE, "par 핵심 주문 처리 → stock is checked and taken"],
  ),
  mutation("a payment from the balance takes money", "src/order/payment/pay-from-balance.ts", "if (amount > 0) moveMoney", "if (false) moveMoney", [
    CACHE,
    "and (결제 처리) → the balance falls",
  ]),

  // Money
  mutation("a capture in another currency does not count", "src/settlement/capture.ts", "payment.currency !== currency", "false", [
    CURRENCY,
    "a capture of the same number in another currency",
  ]),
  mutation(
    "a refund in another currency does not count",
    "src/settlement/gateway-refund.ts",
    "amount !== null && payment.currency !== currency",
    "false",
    [CURRENCY, "a partial refund in another currency"],
  ),
  mutation("the reconciliation compares currencies", "src/settlement/reconcile.ts", "gateway.currency !== currency &&", "false &&", [
    CURRENCY,
    "the same numbers in two currencies",
  ]),
  mutation("only an embedded shop simulates cards", "src/config.ts", 'embedded || given === "simulator"', "true", [
    NO_GATEWAY,
    "cards are simulated only in an embedded shop",
  ]),
  mutation("a card payment needs a gateway", "src/order/payment/start-card-payment.ts", "if (!cardsAreTaken)", "if (false)", [
    NO_GATEWAY,
    "a shop without a gateway refuses cards",
  ]),
  mutation("a payment does not exceed the balance", "src/balance/move-money.ts", "balance < 0", "false", [THIRD, "alt 잔액 부족 → 400"]),
  mutation("a balance does not exceed its limit", "src/balance/balance.ts", "wallet.balance + amount > balanceMax", "false", [
    CART,
    "alt 충전 유효성 검사 실패",
  ]),
  mutation("each movement of money has a ledger row", "src/balance/move-money.ts", "  uow.append(ledger, transaction);\n", "", [
    CACHE,
    "else 충전 처리 성공 → {userId, newBalance, transactionId}",
  ]),
  mutation("each movement of money takes the next version", "src/balance/move-money.ts", "wallet.version + 1", "wallet.version", [
    CACHE,
    "flow → charges add up",
  ]),
  mutation("a charge checks the balance version", "src/balance/charge-balance.ts", "version !== null && version !== wallet.version", "false", [
    THIRD,
    "alt 동시성 충돌",
  ]),
  mutation(
    "the amount of a charge is bounded",
    "src/balance/balance.routes.ts",
    "amount: Amount(1, chargeMax), version",
    "amount: Amount(-10, 9e15), version",
    [POINTS, "opt 유효하지 않은 금액"],
  ),
  mutation("a list of grants is applied whole or not at all", GRANTS, "if (faults.length > 0) refuseGrants", "if (false) refuseGrants", [
    RULES,
    "a list of grants with one unknown user",
  ]),
  mutation("a batch grants each row once", GRANTS, "grantedBefore(uow, batch, grant) === undefined", "true", [
    BATCHES,
    "a batch sent again in any order",
  ]),
  mutation("a dry run grants nothing", GRANTS, "if (dryRun) return", "if (false) return", [BATCHES, "a dry run reports each invalid row"]),
  mutation("a repeated row with another amount is refused", GRANT_FAULTS, "grantedAmount !== undefined && grantedAmount !== amount", "false", [
    BATCHES,
    "a row of a batch that was paid with another amount",
  ]),
  mutation("a list names a row once", GRANT_FAULTS, "first !== undefined", "false", [BATCHES, "a repeated row within a batch"]),
  mutation("the balance limit holds for the sum of a list's grants", GRANT_FAULTS, "balance + amount > balanceMax", "false", [
    BATCHES,
    "the first 20 invalid rows are reported",
  ]),
  mutation(
    "a replay refuses batches older than the idempotency keys",
    "tools/replay/import-sales.ts",
    "if (oldest < now - keysKeptMs)",
    "if (false)",
    [REPLAY, "a batch older than the shop keeps keys"],
  ),
  mutation("a replayed invoice always has the same key", "tools/replay/names.ts", "`order ${invoice}`", "`order ${invoice} ${Math.random()}`", [
    REPLAY,
    "a file with one corrected date",
  ]),
  mutation(
    "a replayed invoice is paid once",
    "tools/replay/names.ts",
    "`grant for invoice ${invoice}`",
    "`grant for invoice ${invoice} ${Math.random()}`",
    [REPLAY, "an invoice with another customer"],
  ),
  mutation("a replay checks its file before it imports", "tools/replay/replay.ts", "if (faults.length > 0) refuseFile", "if (false) refuseFile", [
    REPLAY,
    "a file that the shop would refuse in part",
  ]),
  mutation(
    "the console checks a whole file of grants",
    "web/console/grants.ts",
    "if (faults.length > 0) return faults.toSorted",
    "if (false) return faults.toSorted",
    [GRANT_FILE, "an unknown user in the last part"],
  ),
  mutation("an external id belongs to one user", "src/balance/create-users.ts", "if (uow.find(externalIds, externalId))", "if (false)", [
    RULES,
    "a list of users with one external id twice",
  ]),

  // Coupons
  mutation("a campaign does not issue more than its total", ISSUE, "isSoldOut(campaign)", "false", [THIRD, "alt 발급 수량 초과"]),
  mutation("a campaign issues one coupon per user", ISSUE, "if (uow.find(claims, claimKey(couponId, userId)))", "if (false)", [
    THIRD,
    "alt 이미 보유 중",
  ]),
  mutation("a campaign issues only while it is open", ISSUE, "!isOpen(campaign, uow.now)", "false", [CACHE, "else 발급 불가 (품절 또는 비활성)"]),
  mutation(
    "a campaign does not issue before it opens",
    COUPON,
    "return campaign.opensAt <= now && !isOver(campaign, now);",
    "return !isOver(campaign, now);",
    [RULES, "a campaign is open from opensAt until"],
  ),
  mutation(
    "a campaign closes at its closing time exactly",
    COUPON,
    "(closesAt !== null && closesAt <= now)",
    "(closesAt !== null && closesAt < now)",
    [RULES, "a campaign is open from opensAt until"],
  ),
  mutation("a campaign does not issue after its coupons expired", COUPON, " || (expiresAt !== null && expiresAt <= now)", "", [
    RULES,
    "a campaign is open from opensAt until",
  ]),
  mutation("a coupon needs an existing user", ISSUE, "getMember(uow, userId)", "uow.find(members, userId) ?? { rehearsalId: null }", [
    VARIANTS,
    "opt 존재하지 않는 유저/쿠폰",
  ]),
  mutation("a campaign counts issued coupons", ISSUE, "campaign.issuedQuantity + issued.length", "campaign.issuedQuantity", [
    CACHE,
    "else 발급 가능 → the coupon is AVAILABLE",
  ]),
  mutation(
    "a coupon can be used only by its owner",
    "src/coupon/use-coupon.ts",
    "coupon === undefined || coupon.userId !== userId",
    "coupon === undefined",
    [THIRD, "alt 쿠폰 무효"],
  ),
  mutation("only an available coupon can be used", "src/coupon/use-coupon.ts", 'if (status !== "AVAILABLE") refuse', "if (false) refuse", [
    THIRD,
    "alt 쿠폰 무효",
  ]),
  mutation("an expired coupon is unusable before the job marks it", COUPON, "coupon.expiresAt !== null && coupon.expiresAt <= now", "false", [
    VARIANTS,
    "opt 쿠폰 상태가 UNUSED가 아닌 경우",
  ]),
  mutation("a coupon has a minimum order amount", "src/coupon/use-coupon.ts", "totalAmount < minOrderAmount", "false", [THIRD, "alt 쿠폰 무효"]),
  mutation("a fixed discount does not exceed the order", COUPON, "Math.min(discount.amount, totalAmount)", "discount.amount", [
    THIRD,
    "else 쿠폰 유효 →",
  ]),
  mutation("a percentage discount has a maximum", COUPON, "discount.maxAmount ?? percentage, totalAmount", "percentage, totalAmount", [
    THIRD,
    "else 쿠폰 유효 →",
  ]),
  mutation("a percentage discount is rounded down", COUPON, "Math.floor((rest * rate) / 100)", "Math.ceil((rest * rate) / 100)", [
    THIRD,
    "else 쿠폰 유효 →",
  ]),
  mutation("an order uses up its coupon", "src/order/reserve-stock.ts", "if (order.userCouponId !== null) useCoupon", "if (false) useCoupon", [
    THIRD,
    "opt 쿠폰 사용된 경우",
  ]),
  mutation(
    "only the order that used a coupon returns it",
    "src/coupon/use-coupon.ts",
    "if (coupon?.orderId !== orderId)",
    "if (coupon === undefined)",
    [ORDERS, "a coupon that another order uses"],
  ),
  mutation(
    "a coupon returned after its time is expired",
    "src/coupon/use-coupon.ts",
    "status: couponStatus(returned, uow.now) }",
    'status: "AVAILABLE" }',
    [ORDERS, "a coupon that is restored after its expiry"],
  ),
  mutation(
    "an issued discount cannot change",
    CAMPAIGN,
    "!sameDiscount(campaign.discount, edited.discount) && campaign.issuedQuantity > 0",
    "false",
    [RULES, "a campaign's discount can be changed only while"],
  ),
  mutation("an unchanged discount is not a change", CAMPAIGN, "!sameDiscount(campaign.discount, edited.discount) &&", "fields.discount &&", [
    CAMPAIGNS,
    "an edit that sends all fields back",
  ]),
  mutation("an edit checks the campaign's version", CAMPAIGN, "version !== undefined && version !== campaign.version", "false", [
    CAMPAIGNS,
    "an edit of an old campaign version",
  ]),
  mutation("an edit takes the next campaign version", CAMPAIGN, "{ ...edited, version: campaign.version + 1 }", "edited", [
    CAMPAIGNS,
    "each edit of a campaign raises its version",
  ]),
  mutation("closing a closed campaign changes nothing", CAMPAIGN, "if (isOver(campaign, uow.now))", "if (false)", [
    CAMPAIGNS,
    "closing it again changes nothing",
  ]),
  mutation("a coupon is valid to the end of its last day", "src/day.ts", "(days + 1) * DAY_MS", "days * DAY_MS", [
    CAMPAIGNS,
    "a coupon is valid until the end of its last day",
  ]),
  mutation("a coupon expires with its campaign at the latest", COUPON, "expiresAt ?? Number.POSITIVE_INFINITY)", "Number.POSITIVE_INFINITY)", [
    CAMPAIGNS,
    "a coupon expires with its campaign",
  ]),
  mutation(
    "a campaign list keeps its order across pages",
    "src/coupon/coupon.routes.ts",
    "campaignPlace(query.cursor) ?? firstCampaign(at)",
    "{ ...(campaignPlace(query.cursor) ?? firstCampaign(at)), at }",
    [CAMPAIGNS, "pages list each campaign once"],
  ),

  // Rehearsals
  mutation("only rehearsal buyers buy rehearsal products", "src/catalog/get-variant.ts", "!product || !sameRehearsal(product, user)", "!product", [
    REHEARSALS,
    "while a rehearsal's copy sells",
  ]),
  mutation("only rehearsal buyers get rehearsal coupons", ISSUE, "!campaign || !sameRehearsal(campaign, member)", "!campaign", [
    REHEARSALS,
    "while a rehearsal's copy sells",
  ]),
  mutation("only rehearsal buyers see rehearsal copies", "src/balance/rehearsal-buyers.ts", "if (caller === null) return false;", "return true;", [
    REHEARSALS,
    "while a rehearsal's copy sells",
  ]),
  mutation("rehearsal campaigns are not in the sold-out cache", "src/coupon/sold-out.ts", "campaign.rehearsalId !== null", "false", [
    REHEARSALS,
    "while a rehearsal's copy sells",
  ]),
  mutation("a campaign's total does not fall below its issued coupons", CAMPAIGN, "edited.totalQuantity < campaign.issuedQuantity", "false", [
    RULES,
    "a campaign's total cannot be set below",
  ]),
  mutation("a campaign closes after it opens", CAMPAIGN, "closesAt !== null && closesAt <= opensAt", "false", [RULES, "is not after opensAt"]),
  mutation("a campaign's coupons expire after it opens", CAMPAIGN, "expiresAt !== null && expiresAt <= opensAt", "false", [
    RULES,
    "is not after opensAt",
  ]),
  mutation("the sold-out cache distinguishes sold out from closed", "src/coupon/sold-out.ts", "isOpen(known.campaign, now)", "true", [
    RULES,
    "a sold-out campaign that has closed",
  ]),
  mutation("the sold-out cache learns from refusals", "src/coupon/coupon.routes.ts", "void soldOut.learn(couponId).catch(() => {})", "{}", [
    "test/api/sold-out.test.ts",
    "a claim of a sold-out campaign is refused without the till",
  ]),
  mutation("the sold-out cache forgets an edited campaign", "src/app/invalidation.ts", "soldOut.forget(word.slice(CAMPAIGN_CHANGED.length))", "{}", [
    "test/api/sold-out.test.ts",
    "coupons that an operator adds",
  ]),
  mutation("a coupon is not marked expired before its time", "src/coupon/expire-coupon.ts", '|| couponStatus(coupon, uow.now) !== "EXPIRED"', "", [
    RULES,
    "the expiry job marks a coupon",
  ]),

  // Carts
  mutation("a cart holds a variant once", "src/cart/edit-cart.ts", "if (cart.some((item) => item.variantId === variantId))", "if (false)", [
    CART,
    "opt 장바구니 중복 Error",
  ]),
  mutation("the number of cart items is bounded", "src/cart/edit-cart.ts", "cart.length >= CART_MAX", "false", [RULES, "a cart takes at most"]),
  mutation("a checkout empties the cart", PLACE, "if (input.lineItems === null) takeOutOfCart(uow, input);", "", [
    CART,
    "flow → the whole cart is ordered",
  ]),
  mutation(
    "a checkout reads a cart again if it has grown",
    PLACE,
    "if (cart.some((item) => !uow.holds(variants, item.variantId))) throw",
    "if (false) throw",
    [RULES, "a cart that has grown since it was read"],
  ),
];
