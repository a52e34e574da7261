import { language } from "../../shared/languages.ts";
import type { FileFault } from "../../../src/files/fault.ts";

/** Describes a fault of a file in Korean, without its line; `describeFault` does so in English. */
export function faultWords(fault: FileFault): string {
  switch (fault.problem) {
    case "ENCODING":
      return "UTF-8도 CP949(EUC-KR)도 아닌 글자입니다. UTF-8로 저장해 주세요";
    case "UTF_16":
      return "UTF-16 파일입니다. UTF-8로 저장해 주세요";
    case "DAMAGED":
      return "저장할 때 이미 깨진 글자(�)가 있습니다";
    case "QUOTES":
      return '따옴표가 닫히지 않았거나 따옴표 없는 칸 안에 있습니다. 따옴표 안의 따옴표는 두 번("") 적어 주세요';
    case "CELLS":
      return `칸이 ${fault.expected}개여야 하는데 ${fault.found}개입니다. 쉼표가 있는 칸은 따옴표로 감싸 주세요`;
    case "COLUMN_MISSING":
      return `${fault.column} 열이 없습니다`;
    case "COLUMN_TWICE":
      return `${fault.column} 열이 두 번 있습니다`;
  }
}

/** The shop's messages about fields, in Korean. */
const KOREAN: Record<string, string> = {
  "another variant has this SKU": "다른 옵션이 이미 쓰는 SKU입니다",
  "another product has this external id": "다른 상품이 이미 쓰는 외부 번호입니다",
  "another variant of the product has equal options": "같은 값의 옵션이 이미 있습니다",
  "is above the price": "가격보다 큽니다",
  "is below the product's tax-free amount": "상품의 면세 금액보다 작습니다",
  "must not be in the past": "이미 지난 시각입니다",
  "must not be longer than the drop": "드롭보다 길 수 없습니다",
  "must not exceed 30 days": "30일을 넘을 수 없습니다",
  "is required: a draw is made after the close": "추첨은 마감 뒤에 하므로 마감이 필요합니다",
  "cannot change once a coupon has been issued": "쿠폰이 발급된 뒤에는 바꿀 수 없습니다",
  "is required: a deposit goes back to an account of the buyer": "가상계좌로 결제한 금액을 돌려받을 구매자의 계좌가 필요합니다",
  "must be later than opensAt": "시작보다 늦어야 합니다",
};

/** The shop's message about a field in the reader's language; unchanged if it has no translation. */
export const faultText = (message: string): string => (language.value === "ko" ? (KOREAN[message] ?? message) : message);
