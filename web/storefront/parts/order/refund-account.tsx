// The buyer's account to which a deposit goes back. The page keeps it only while its dialog is open, and never in the browser's storage.

import type { RefObject } from "preact";
import { useRef } from "preact/hooks";
import { type AccountField, AccountFields, type AccountForm, type RefundAccount, useAccountForm } from "../../../shared/refund-account.tsx";
import { shop } from "../../api.ts";
import { t } from "../../words/words.ts";
import { type Order, useUserResource } from "../user-resource.ts";

/** Whether the order was paid to a virtual account, whose deposit cannot go back the way it came. */
function usePaidByDeposit({ status, payment }: Order): boolean {
  const paidAtGateway = payment?.method === "CARD" && (status === "COMPLETED" || status === "PARTIALLY_REFUNDED") ? payment.paymentId : undefined;
  const method = useUserResource(`method ${paidAtGateway}`, async (_userId, signal) =>
    paidAtGateway === undefined ? undefined : (await shop.getPayment({ path: { paymentId: paidAtGateway }, signal })).body.details?.method,
  );
  return method.data === "VIRTUAL_ACCOUNT";
}

type Refund = {
  isNeeded: boolean;
  account: AccountForm["account"];
  form: RefObject<HTMLFormElement | null>;
  /** The part of the request; null if a field of `form` is missing, which the browser then shows. */
  body(): { refundReceiveAccount?: RefundAccount } | null;
  clear: AccountForm["clear"];
};

export function useRefundAccount(order: Order): Refund {
  const isNeeded = usePaidByDeposit(order);
  const { account, part, clear } = useAccountForm();
  const form = useRef<HTMLFormElement>(null);
  return {
    isNeeded,
    account,
    form,
    body() {
      if (!isNeeded) return {};
      return form.current?.reportValidity() === false ? null : part();
    },
    clear,
  };
}

export function RefundAccountFields({ account, form }: Pick<Refund, "account" | "form">) {
  return (
    <form ref={form} onSubmit={(event) => event.preventDefault()}>
      <RefundAccountInputs account={account} />
    </form>
  );
}

/** The same fields in a form of the caller. */
export function RefundAccountInputs({ account }: Pick<Refund, "account">) {
  return (
    <>
      <p>{t.value.refundAccountHint}</p>
      <div class="fields">
        <AccountFields account={account} field={Field} />
      </div>
    </>
  );
}

const Field: AccountField = ({ label, children }) => (
  <label class="field">
    <span>{label}</span>
    {children}
  </label>
);
