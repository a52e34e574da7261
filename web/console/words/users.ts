// Texts of one user and of grants from a file.

import { dictionary, formatNumber } from "../../shared/languages.ts";

const ko = {
  revoke: "지급 회수",
  revokeAct: (amount: string) => `${amount} 회수`,
  revokeWords: "지급한 금액 중 아직 회수하지 않은 금액까지만, 잔액 안에서 회수합니다. 사용자의 내역에 표시되며 되돌릴 수 없습니다.",
  revoked: (amount: string) => `${amount}을 회수했습니다.`,
  grantAct: (amount: string) => `${amount} 지급`,
  granted: (amount: string) => `${amount}을 지급했습니다.`,
  editUser: "사용자 수정",
  erase: "탈퇴 처리",
  eraseWords:
    "이름, 외부 번호, 주문의 배송지와 메모를 영구히 지웁니다. 주문과 결제, 잔액 내역은 남습니다. 진행 중인 주문이나 잔액이 있으면 처리할 수 없으며, 되돌릴 수 없습니다.",
  erased: "탈퇴 처리했습니다.",
  template: "양식 받기",
  templateName: "지급-양식.csv",
  templateRows: "사용자 번호,금액,사유\n0192aaaa-0000-7000-8000-000000000000,5000,리뷰 적립\n",
  preview: "미리 보기",
  firstRows: (count: number) => `처음 ${formatNumber(count)}줄`,
} as const;

const en = {
  revoke: "Take a grant back",
  revokeAct: (amount: string) => `Take ${amount} back`,
  revokeWords:
    "At most the sum of the grants that were not taken back yet, and at most the balance. The user sees it in the ledger. This cannot be undone.",
  revoked: (amount: string) => `${amount} was taken back.`,
  grantAct: (amount: string) => `Grant ${amount}`,
  granted: (amount: string) => `${amount} was granted.`,
  editUser: "Edit the user",
  erase: "Erase the user",
  eraseWords:
    "Deletes the name, the external ID, and the addresses and notes of the orders for good. Orders, payments and the ledger stay. It is refused while an order is open or the balance is not zero. This cannot be undone.",
  erased: "The user was erased.",
  template: "Download a template",
  templateName: "grants-template.csv",
  templateRows: "userId,amount,reason\n0192aaaa-0000-7000-8000-000000000000,5000,review\n",
  preview: "Preview",
  firstRows: (count: number) => `the first ${formatNumber(count)} rows`,
} as const;

export const u = dictionary(ko, en);
