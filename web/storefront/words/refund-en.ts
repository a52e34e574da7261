/** The texts of the account to which a deposit goes back. */
export const refundEn = {
  refundAccountHint: "Please enter the account to which your deposit goes back. It is deleted once the refund has ended.",
  bank: "Bank",
  chooseBank: "Choose a bank",
  accountNumber: "Account number",
  accountHolder: "Account holder",
  digitsOnly: "An account number has digits only, at most 20.",
};
