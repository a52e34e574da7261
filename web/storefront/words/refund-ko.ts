/** The texts of the account to which a deposit goes back. */
export const refundKo = {
  refundAccountHint: "가상계좌로 입금한 금액을 돌려받을 계좌를 입력해 주세요. 환불이 끝나면 계좌 정보를 지웁니다.",
  bank: "은행",
  chooseBank: "은행 선택",
  accountNumber: "계좌번호",
  accountHolder: "예금주",
  digitsOnly: "계좌번호는 숫자 20자리까지 입력해 주세요.",
};
