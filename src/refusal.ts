// All refusals of the shop. A rule refuses by `refuse(code, …)`; only problem.ts turns a refusal into the problem document
// (RFC 9457) that the client sees.

type Entry = { status: number; ko: string; en: string };

export const REFUSALS = {
  INVALID_REQUEST: { status: 400, ko: "유효하지 않은 요청입니다", en: "Invalid request" },
  INVALID_USER_ID: { status: 400, ko: "유효하지 않은 사용자 식별자입니다", en: "Invalid user ID" },
  INVALID_PRODUCT_ID: { status: 400, ko: "유효하지 않은 상품 ID입니다", en: "Invalid product ID" },
  INVALID_AMOUNT: { status: 400, ko: "유효하지 않은 충전 금액입니다", en: "Invalid amount" },
  UNAUTHENTICATED: { status: 401, ko: "인증이 필요합니다", en: "Authentication is required" },
  FORBIDDEN: { status: 403, ko: "권한이 없습니다", en: "You do not have permission to do this" },
  USER_NOT_FOUND: { status: 404, ko: "사용자 정보가 존재하지 않습니다", en: "User not found" },
  PRODUCT_NOT_FOUND: { status: 404, ko: "상품이 존재하지 않습니다", en: "Product not found" },
  COUPON_NOT_FOUND: { status: 404, ko: "존재하지 않는 쿠폰입니다", en: "Coupon not found" },
  ORDER_NOT_FOUND: { status: 404, ko: "주문이 존재하지 않습니다", en: "Order not found" },
  PAYMENT_NOT_FOUND: { status: 404, ko: "결제 정보가 존재하지 않습니다", en: "Payment not found" },
  CART_ITEM_NOT_FOUND: { status: 404, ko: "장바구니 상품이 존재하지 않습니다", en: "Cart item not found" },
  ENTRY_NOT_FOUND: { status: 404, ko: "응모 내역이 존재하지 않습니다", en: "Entry not found" },
  DROP_NOT_FOUND: { status: 404, ko: "드롭이 존재하지 않습니다", en: "Drop not found" },
  RETURN_NOT_FOUND: { status: 404, ko: "반품 내역이 존재하지 않습니다", en: "Return not found" },
  SHIPMENT_NOT_FOUND: { status: 404, ko: "배송 정보가 존재하지 않습니다", en: "Shipment not found" },
  USER_NOT_ERASABLE: { status: 409, ko: "탈퇴 처리할 수 없는 사용자입니다", en: "This user cannot be erased now" },
  NOT_FOUND: { status: 404, ko: "존재하지 않는 경로입니다", en: "Not found" },
  METHOD_NOT_ALLOWED: { status: 405, ko: "허용되지 않은 요청 방식입니다", en: "Method not allowed" },
  BODY_TOO_LARGE: { status: 413, ko: "요청이 너무 큽니다", en: "The request body is too large" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, ko: "지원하지 않는 형식입니다", en: "Unsupported media type" },
  PRODUCT_NOT_FOR_SALE: { status: 400, ko: "현재 구매할 수 없는 상품입니다", en: "This product is not for sale" },
  STOCK_INSUFFICIENT: { status: 400, ko: "재고가 부족합니다", en: "Not enough stock" },
  BALANCE_INSUFFICIENT: { status: 400, ko: "포인트가 부족합니다", en: "Insufficient balance" },
  BALANCE_LIMIT_EXCEEDED: { status: 400, ko: "보유 한도를 초과합니다", en: "The balance would exceed its limit" },
  COUPON_UNUSABLE: { status: 400, ko: "사용 불가능한 쿠폰입니다", en: "This coupon cannot be used" },
  COUPON_ALREADY_ISSUED: { status: 409, ko: "이미 쿠폰이 발급되었습니다", en: "You already have this coupon" },
  COUPON_SOLD_OUT: { status: 409, ko: "쿠폰 재고가 없습니다", en: "This coupon is sold out" },
  COUPON_CLOSED: { status: 409, ko: "쿠폰 발급이 마감되었습니다", en: "This coupon is not being issued now" },
  BALANCE_CONFLICT: { status: 409, ko: "잔액이 변경되었습니다. 다시 시도해주세요", en: "The balance has changed; try again" },
  CART_ITEM_DUPLICATE: { status: 409, ko: "이미 장바구니에 담긴 상품입니다", en: "This item is already in the cart" },
  AMOUNT_CHANGED: {
    status: 409,
    ko: "결제 금액이 변경되었습니다. 다시 확인해주세요",
    en: "The amount to pay has changed; please check it again",
  },
  VERSION_CONFLICT: { status: 409, ko: "다른 사람이 먼저 수정했습니다", en: "Another user changed this first" },
  DROP_NOT_OPEN: { status: 409, ko: "아직 판매 시작 전입니다", en: "The sale has not started yet" },
  DROP_CLOSED: { status: 409, ko: "판매가 종료되었습니다", en: "The sale is over" },
  DROP_SOLD_OUT: { status: 409, ko: "준비된 수량이 모두 소진되었습니다", en: "All units are gone" },
  DROP_LIMIT_EXCEEDED: { status: 409, ko: "1인당 구매 가능 수량을 초과했습니다", en: "This exceeds the limit per customer" },
  DROP_ENTRY_REQUIRED: { status: 409, ko: "구매 권한이 없습니다", en: "You do not hold units of this drop" },
  DROP_ALREADY_ENTERED: { status: 409, ko: "이미 참여하셨습니다", en: "You have already entered" },
  DROP_ENTRY_ORDERED: { status: 409, ko: "이미 주문한 응모입니다", en: "This entry has already been ordered" },
  DROP_ALREADY_OPEN: { status: 409, ko: "이미 시작된 드롭입니다", en: "This drop has already opened" },
  DROP_DRAW_CLOSED: { status: 409, ko: "지금은 공개값을 입력할 수 없습니다", en: "A public value cannot be entered now" },
  DROP_EXISTS: { status: 409, ko: "이 상품에는 진행 중인 드롭이 있습니다", en: "This product has a drop that is not over" },
  ORDER_NOT_PAYABLE: { status: 409, ko: "결제할 수 없는 주문입니다", en: "This order cannot be paid" },
  ORDER_NOT_CANCELLABLE: { status: 409, ko: "취소할 수 없는 주문입니다", en: "This order cannot be canceled" },
  ORDER_NOT_REFUNDABLE: { status: 409, ko: "환불할 수 없는 주문입니다", en: "This order cannot be refunded" },
  ORDER_NOT_SHIPPABLE: { status: 409, ko: "배송 처리할 수 없는 주문입니다", en: "This order cannot be shipped" },
  ORDER_NOT_RETURNABLE: { status: 409, ko: "반품할 수 없는 주문입니다", en: "This order cannot be returned" },
  PAYMENT_IN_PROGRESS: { status: 409, ko: "결제가 진행 중입니다", en: "A payment is in progress" },
  PAYMENT_DECLINED: { status: 402, ko: "결제가 거절되었습니다", en: "The payment was declined" },
  PAYMENT_METHOD_UNAVAILABLE: { status: 400, ko: "사용할 수 없는 결제 수단입니다", en: "This payment method is not available" },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    ko: "이미 다른 요청에 사용된 멱등성 키입니다",
    en: "This idempotency key was already used for another request",
  },
  IDEMPOTENCY_IN_PROGRESS: { status: 409, ko: "같은 요청이 처리 중입니다", en: "A request with this idempotency key is in progress" },
  TOO_MANY_REQUESTS: { status: 429, ko: "요청이 너무 많습니다", en: "Too many requests" },
  BUSY: { status: 503, ko: "잠시 후 다시 시도해주세요", en: "Please try again in a moment" },
  UNAVAILABLE: { status: 503, ko: "일시적인 오류가 발생했습니다", en: "The service is temporarily unavailable" },
  INTERNAL: { status: 500, ko: "일시적인 오류가 발생했습니다", en: "Internal error" },
} as const satisfies Record<string, Entry>;

export type RefusalCode = keyof typeof REFUSALS;

/** One invalid field: a JSON pointer into the request, and the reason. */
export type FieldError = { path: string; message: string };

/** Data that the client needs in order to act: ids, amounts, `retryAfter` in seconds, `errors` by field. */
export type RefusalDetails = Record<string, unknown> & { errors?: FieldError[]; retryAfter?: number };

/** A request that the shop's rules refuse. Any other error is a bug, and the client sees INTERNAL. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly details: RefusalDetails;
  /** The same object refuses thousands of requests, so its rendered document is cached (problem.ts). */
  readonly cacheable: boolean;

  constructor(code: RefusalCode, details: RefusalDetails = {}, cacheable = false) {
    // A refusal is an expected result: stack traces for ten thousand of them would cost more than deciding them.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(code);
    Error.stackTraceLimit = limit;
    this.code = code;
    this.details = details;
    this.cacheable = cacheable;
  }

  get status(): number {
    return REFUSALS[this.code].status;
  }
}

/** Refuses: leaves the decision at once, and none of its effects remain. */
export function refuse(code: RefusalCode, details?: RefusalDetails): never {
  throw new Refusal(code, details);
}

/** The refusal of a request for one invalid field: 400 with the field's JSON pointer and the reason. */
export function invalidField(path: string, message: string): Refusal {
  return new Refusal("INVALID_REQUEST", { errors: [{ path, message }] });
}

/** Refuses a request for one invalid field. */
export function invalid(path: string, message: string): never {
  throw invalidField(path, message);
}

/**
 * Whether a refusal is the final answer to a keyed request, and is stored for its repeats. Refusals by the shop's rules are;
 * refusals before the rules were asked (shape, authority, overload) are not.
 */
export function isAnswer(code: RefusalCode): boolean {
  return !code.startsWith("INVALID_") && !code.startsWith("IDEMPOTENCY_") && !TRANSIENT.has(REFUSALS[code].status);
}
const TRANSIENT: ReadonlySet<number> = new Set([401, 403, 405, 413, 415, 429, 500, 503]);
