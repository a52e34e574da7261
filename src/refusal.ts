// Every way in which the shop says no. A rule refuses by `refuse(code, …)`; problem.ts turns that into
// the problem document (RFC 9457) that the client sees, and nothing else makes one.

type Entry = { status: number; ko: string; en: string };

export const REFUSALS = {
  INVALID_REQUEST: { status: 400, ko: "유효하지 않은 요청입니다", en: "The request is not valid" },
  INVALID_USER_ID: { status: 400, ko: "유효하지 않은 사용자 식별자입니다", en: "The user id is not valid" },
  INVALID_PRODUCT_ID: { status: 400, ko: "유효하지 않은 상품 ID입니다", en: "The product id is not valid" },
  INVALID_AMOUNT: { status: 400, ko: "유효하지 않은 충전 금액입니다", en: "The amount to charge is not valid" },
  UNAUTHENTICATED: { status: 401, ko: "인증이 필요합니다", en: "Authentication is required" },
  FORBIDDEN: { status: 403, ko: "권한이 없습니다", en: "This is not yours to do" },
  USER_NOT_FOUND: { status: 404, ko: "사용자 정보가 존재하지 않습니다", en: "There is no such user" },
  PRODUCT_NOT_FOUND: { status: 404, ko: "상품이 존재하지 않습니다", en: "There is no such product" },
  COUPON_NOT_FOUND: { status: 404, ko: "존재하지 않는 쿠폰입니다", en: "There is no such coupon" },
  ORDER_NOT_FOUND: { status: 404, ko: "주문이 존재하지 않습니다", en: "There is no such order" },
  PAYMENT_NOT_FOUND: { status: 404, ko: "결제 정보가 존재하지 않습니다", en: "There is no such payment" },
  CART_ITEM_NOT_FOUND: { status: 404, ko: "장바구니 상품이 존재하지 않습니다", en: "There is no such item in the cart" },
  NOT_FOUND: { status: 404, ko: "존재하지 않는 경로입니다", en: "There is nothing here" },
  METHOD_NOT_ALLOWED: { status: 405, ko: "허용되지 않은 요청 방식입니다", en: "This method is not allowed here" },
  BODY_TOO_LARGE: { status: 413, ko: "요청이 너무 큽니다", en: "The request is too large" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, ko: "지원하지 않는 형식입니다", en: "This media type is not supported" },
  PRODUCT_NOT_FOR_SALE: { status: 400, ko: "현재 구매할 수 없는 상품입니다", en: "This product is not for sale now" },
  STOCK_INSUFFICIENT: { status: 400, ko: "재고가 부족합니다", en: "There is not enough in stock" },
  BALANCE_INSUFFICIENT: { status: 400, ko: "포인트가 부족합니다", en: "The balance does not suffice" },
  BALANCE_LIMIT_EXCEEDED: { status: 400, ko: "보유 한도를 초과합니다", en: "The balance would exceed its limit" },
  COUPON_UNUSABLE: { status: 400, ko: "사용 불가능한 쿠폰입니다", en: "This coupon cannot be used" },
  COUPON_ALREADY_ISSUED: { status: 409, ko: "이미 쿠폰이 발급되었습니다", en: "This coupon was issued to you already" },
  COUPON_SOLD_OUT: { status: 409, ko: "쿠폰 재고가 없습니다", en: "No coupons are left" },
  COUPON_CLOSED: { status: 409, ko: "쿠폰 발급이 마감되었습니다", en: "This coupon is not being issued now" },
  BALANCE_CONFLICT: { status: 409, ko: "잔액이 변경되었습니다. 다시 시도해주세요", en: "The balance has changed; try again" },
  CART_ITEM_DUPLICATE: { status: 409, ko: "이미 장바구니에 담긴 상품입니다", en: "This is in the cart already" },
  AMOUNT_CHANGED: {
    status: 409,
    ko: "결제 금액이 변경되었습니다. 다시 확인해주세요",
    en: "The amount to pay has changed; please check it again",
  },
  VERSION_CONFLICT: { status: 409, ko: "다른 사람이 먼저 수정했습니다", en: "Someone else changed this first" },
  ORDER_NOT_PAYABLE: { status: 409, ko: "결제할 수 없는 주문입니다", en: "This order cannot be paid" },
  ORDER_NOT_CANCELLABLE: { status: 409, ko: "취소할 수 없는 주문입니다", en: "This order cannot be cancelled" },
  ORDER_NOT_REFUNDABLE: { status: 409, ko: "환불할 수 없는 주문입니다", en: "This cannot be refunded" },
  PAYMENT_IN_PROGRESS: { status: 409, ko: "결제가 진행 중입니다", en: "A payment is under way" },
  PAYMENT_DECLINED: { status: 402, ko: "결제가 거절되었습니다", en: "The payment was declined" },
  PAYMENT_METHOD_UNAVAILABLE: { status: 400, ko: "사용할 수 없는 결제 수단입니다", en: "This payment method is not available" },
  IDEMPOTENCY_KEY_REUSED: { status: 422, ko: "이미 다른 요청에 사용된 멱등성 키입니다", en: "This idempotency key was used for another request" },
  IDEMPOTENCY_IN_PROGRESS: { status: 409, ko: "같은 요청이 처리 중입니다", en: "The same request is being processed" },
  TOO_MANY_REQUESTS: { status: 429, ko: "요청이 너무 많습니다", en: "Too many requests" },
  BUSY: { status: 503, ko: "잠시 후 다시 시도해주세요", en: "Please try again in a moment" },
  UNAVAILABLE: { status: 503, ko: "일시적인 오류가 발생했습니다", en: "Something is temporarily wrong" },
  INTERNAL: { status: 500, ko: "일시적인 오류가 발생했습니다", en: "Something went wrong" },
} as const satisfies Record<string, Entry>;

export type RefusalCode = keyof typeof REFUSALS;

/** What a validation error names: a JSON pointer into the request, and what is wrong there. */
export type FieldError = { path: string; message: string };

/** What the client needs in order to act: ids, amounts, `retryAfter` in seconds, `errors` by field. */
export type RefusalDetails = Record<string, unknown> & { errors?: FieldError[]; retryAfter?: number };

/** The shop's own no. Anything else that is thrown is a bug, and answered as INTERNAL. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly details: RefusalDetails;
  /** Said to thousands as it is: what is made of it for the first is kept for the others (problem.ts). */
  readonly standing: boolean;

  constructor(code: RefusalCode, details: RefusalDetails = {}, standing = false) {
    // A refusal is an answer, not an accident: a stack for each of ten thousand would cost more than deciding them.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(code);
    Error.stackTraceLimit = limit;
    this.code = code;
    this.details = details;
    this.standing = standing;
  }

  get status(): number {
    return REFUSALS[this.code].status;
  }
}

/** Says no: leaves the decision at once, and nothing of it remains. */
export function refuse(code: RefusalCode, details?: RefusalDetails): never {
  throw new Refusal(code, details);
}

/** A request whose shape is at fault: 400 with the field's JSON pointer and what is wrong with it. */
export function invalid(path: string, message: string): never {
  throw new Refusal("INVALID_REQUEST", { errors: [{ path, message }] });
}

/** Whether a keyed request's refusal is its answer, to be repeated: the shop's own rules are, what never reached them is not. */
export function isAnswer(code: RefusalCode): boolean {
  const status = REFUSALS[code].status;
  return !code.startsWith("INVALID_") && !code.startsWith("IDEMPOTENCY_") && !NOT_ANSWERS.has(status);
}
const NOT_ANSWERS: ReadonlySet<number> = new Set([401, 403, 405, 413, 415, 429, 500, 503]);
