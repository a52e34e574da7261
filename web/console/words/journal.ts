// Texts of the operators' journal.

import { dictionary, formatNumber, language } from "../../shared/languages.ts";

const ko = {
  words: "운영자가 한 모든 변경과, 규칙이나 권한 때문에 거절된 시도입니다. 개인정보는 남지 않으며, 기록은 서로 이어져 있어 고칠 수 없습니다.",
  actor: "운영자",
  operation: "한 일",
  subject: "대상 번호",
  subjects: "대상",
  more: (count: number) => `외 ${formatNumber(count)}건`,
  result: "결과",
  done: "완료",
  started: "시작됨",
  refused: (status: number) => `거절됨 (${status})`,
  details: "자세히",
  input: "입력",
  request: "요청 번호",
  from: "접속 주소",
  hash: "해시",
  permission: "권한",
  none: "조건에 맞는 기록이 없습니다.",
  show: "기록 보기",
} as const;

const en = {
  words:
    "Every change by an operator, and attempts that rules or permissions refused. It holds no personal data, and its entries form a chain that nobody can edit unnoticed.",
  actor: "Operator",
  operation: "Action",
  subject: "ID of a thing",
  subjects: "Things",
  more: (count: number) => `and ${formatNumber(count)} more`,
  result: "Result",
  done: "Done",
  started: "Started",
  refused: (status: number) => `Refused (${status})`,
  details: "Details",
  input: "Input",
  request: "Request",
  from: "Address",
  hash: "Hash",
  permission: "Permission",
  none: "No entries match.",
  show: "Show the journal",
} as const;

export const j = dictionary(ko, en);

const OPERATIONS: Record<string, readonly [ko: string, en: string]> = {
  createUsers: ["사용자 등록", "Create users"],
  editUser: ["사용자 수정", "Edit a user"],
  eraseUser: ["사용자 탈퇴 처리", "Erase a user"],
  grantBalances: ["잔액 지급", "Grant balance"],
  revokeBalances: ["잔액 회수", "Take balance back"],
  chargeBalance: ["잔액 충전", "Charge a balance"],
  createProducts: ["상품 등록", "Create products"],
  editProduct: ["상품 수정", "Edit a product"],
  addVariant: ["옵션 추가", "Add a variant"],
  editVariant: ["옵션 수정", "Edit a variant"],
  putProduct: ["상품 동기화", "Sync a product"],
  importCatalog: ["카탈로그 가져오기", "Import the catalog"],
  adjustStock: ["재고 조정", "Adjust stock"],
  changeStock: ["재고 일괄 조정", "Change stock in bulk"],
  createCoupon: ["쿠폰 등록", "Create a coupon"],
  editCoupon: ["쿠폰 수정", "Edit a coupon"],
  closeCoupon: ["쿠폰 마감", "Close a coupon"],
  voidCoupons: ["쿠폰 무효 처리", "Void coupons"],
  issueCoupon: ["쿠폰 발급", "Issue a coupon"],
  issueCoupons: ["쿠폰 일괄 발급", "Issue coupons"],
  createDrop: ["드롭 등록", "Make a drop"],
  editDrop: ["드롭 수정", "Edit a drop"],
  pauseDrop: ["드롭 일시 중지", "Pause a drop"],
  resumeDrop: ["드롭 다시 시작", "Resume a drop"],
  closeDrop: ["드롭 종료", "Close a drop"],
  releaseDrop: ["남은 수량 일반 판매", "Release a drop"],
  setPublicValue: ["공개값 입력", "Enter a public value"],
  placeOrder: ["주문 등록", "Place an order"],
  payOrder: ["주문 결제", "Pay an order"],
  editOrder: ["주문 수정", "Edit an order"],
  cancelOrder: ["주문 취소", "Cancel an order"],
  refundOrder: ["환불", "Refund an order"],
  prepareOrder: ["상품 준비 시작", "Prepare an order"],
  shipOrder: ["발송 처리", "Ship an order"],
  shipOrders: ["송장 일괄 등록", "Ship orders"],
  deliverShipment: ["배송 완료", "Mark as delivered"],
  receiveReturn: ["반품 입고", "Receive a return"],
  rejectReturn: ["반품 반려", "Reject a return"],
  resolvePayment: ["결제 결과 입력", "Resolve a payment"],
  replayEvent: ["이벤트 다시 보내기", "Send an event again"],
  replayEvents: ["이벤트 일괄 다시 보내기", "Send events again"],
  runJob: ["작업 실행", "Run a job"],
  startRehearsal: ["예행연습 시작", "Start a rehearsal"],
  stopRehearsal: ["예행연습 중단", "Stop a rehearsal"],
};

/** An operation in words; an unknown one is shown unchanged. */
export const operationWord = (operation: string): string => OPERATIONS[operation]?.[language.value === "ko" ? 0 : 1] ?? operation;
export const OPERATION_NAMES = Object.keys(OPERATIONS);
