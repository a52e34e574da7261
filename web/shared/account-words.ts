// The texts of the account to which a deposit goes back.

import { isRefusal } from "#client";
import { dictionary } from "./languages.ts";

export const accountWords = dictionary(
  {
    refundAccount: "환불 계좌",
    bank: "은행",
    chooseBank: "은행 선택",
    accountNumber: "계좌번호",
    accountHolder: "예금주",
    digitsOnly: "계좌번호는 숫자 20자리까지 입력해 주세요.",
    nameHolder: "예금주를 입력해 주세요.",
    accountRefused: "이 계좌로 환불할 수 없습니다. 은행, 계좌번호, 예금주를 확인해 주세요.",
  },
  {
    refundAccount: "Refund account",
    bank: "Bank",
    chooseBank: "Choose a bank",
    accountNumber: "Account number",
    accountHolder: "Account holder",
    digitsOnly: "An account number has digits only, at most 20.",
    nameHolder: "Please name the account holder.",
    accountRefused: "This account cannot get the refund. Please check bank, account number and holder.",
  },
);

/** The fault of a refund's account that the gateway has refused; undefined for any other error. */
export function accountFault(error: unknown): string | undefined {
  if (!isRefusal(error, "ORDER_NOT_REFUNDABLE")) return undefined;
  const { reason } = error.problem as { reason?: unknown };
  return typeof reason === "string" && /REFUND_ACCOUNT|INVALID_BANK/.test(reason) ? accountWords.value.accountRefused : undefined;
}
