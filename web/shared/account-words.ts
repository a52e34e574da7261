// The texts of the account to which a deposit goes back.

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
  },
  {
    refundAccount: "Refund account",
    bank: "Bank",
    chooseBank: "Choose a bank",
    accountNumber: "Account number",
    accountHolder: "Account holder",
    digitsOnly: "An account number has digits only, at most 20.",
    nameHolder: "Please name the account holder.",
  },
);
