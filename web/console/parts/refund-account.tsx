// The buyer's account to which a deposit goes back, in the dialogs that refund an order.

import { type Signal, useSignal } from "@preact/signals";
import { type Body, isRefusal } from "#client";
import { type AccountField, AccountFields, type RefundAccount, useAccountForm } from "../../shared/refund-account.tsx";
import { shop } from "../api.ts";
import { mayRead } from "../session.ts";
import { o } from "../words/orders.ts";
import { useFieldError } from "./field-errors.tsx";
import { Field } from "./parts.tsx";

const POINTER = "/refundReceiveAccount";

type Paid = {
  orderId: string;
  payment?: Body<"getOrder">["payment"] | undefined;
  /** The sum of the refund, if it is known: a refund of 0 sends no money. */
  amount?: number | undefined;
  /** The buyer has named an account already. It is asked for only if the gateway refuses that one. */
  hasAccount?: boolean;
};

export type RefundForm = {
  /** Whether the order is known to be paid by a deposit. */
  isNeeded: boolean;
  account: Signal<RefundAccount>;
  /** Empties the fields and looks up how the order was paid. A dialog calls it each time that it opens. */
  opened: () => void;
  /** Sends a refund with the account, if one is needed. */
  send: <T>(request: (part: { refundReceiveAccount?: RefundAccount }) => Promise<T>) => Promise<T>;
};

/**
 * An operator who may not read payments learns from the shop's refusal that an account is needed.
 */
export function useRefundAccount({ orderId, payment, amount, hasAccount = false }: Paid): RefundForm {
  const neededFor = useSignal<string | null>(null);
  const { account, part, clear } = useAccountForm();
  const isNeeded = (): boolean => neededFor.value === orderId && amount !== 0;
  const lookUp = async (): Promise<void> => {
    const isDeposit = await paidByDeposit({ orderId, payment }).catch(() => false);
    if (isDeposit) neededFor.value = orderId;
  };
  return {
    isNeeded: isNeeded(),
    account,
    opened() {
      clear();
      if (!isNeeded() && !hasAccount && mayRead("orders")) void lookUp();
    },
    async send(request) {
      try {
        const answer = await request(isNeeded() ? part() : {});
        clear();
        return answer;
      } catch (error) {
        const isMissing = isRefusal(error) && error.problem.errors?.some(({ path }) => path === POINTER);
        if (isMissing || (hasAccount && isRefusal(error, "ORDER_NOT_REFUNDABLE"))) neededFor.value = orderId;
        throw error;
      }
    },
  };
}

async function paidByDeposit({ orderId, payment }: Paid): Promise<boolean> {
  const paid = payment === undefined ? (await shop.getOrder({ path: { orderId } })).body.payment : payment;
  if (paid?.method !== "CARD") return false;
  return (await shop.getPayment({ path: { paymentId: paid.paymentId } })).body.details?.method === "VIRTUAL_ACCOUNT";
}

export function RefundAccountFields({ refund }: { refund: RefundForm }) {
  if (!refund.isNeeded) return null;
  return (
    <>
      <p class="muted">{o.value.refundAccountHint}</p>
      <AccountFields account={refund.account} field={LabelledField} />
    </>
  );
}

/** The shop's error about a missing account is shown at the first field. */
const LabelledField: AccountField = ({ name, label, children }) => {
  const isMissing = useFieldError(POINTER) !== undefined;
  return (
    <Field label={label} path={name === "bank" && isMissing ? POINTER : `${POINTER}/${name}`}>
      {children}
    </Field>
  );
};
