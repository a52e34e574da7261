// The buyer's account to which a deposit goes back. The page keeps it only while its dialog is open, and never in the browser's storage.

import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useRef } from "preact/hooks";
import type { CancelOrderData } from "#client";
import { shop } from "../../api.ts";
import { language } from "../../../shared/languages.ts";
import { t } from "../../words/words.ts";
import { type Order, useUserResource } from "../user-resource.ts";
import { BANKS } from "./banks.ts";

type Account = NonNullable<NonNullable<CancelOrderData["body"]>["refundReceiveAccount"]>;

/** Whether the order was paid to a virtual account, whose deposit cannot go back the way it came. */
function usePaidByDeposit({ status, payment }: Order): boolean {
  const paidAtGateway = payment?.method === "CARD" && (status === "COMPLETED" || status === "PARTIALLY_REFUNDED") ? payment.paymentId : undefined;
  const method = useUserResource(`method ${paidAtGateway}`, async (_userId, signal) =>
    paidAtGateway === undefined ? undefined : (await shop.getPayment({ path: { paymentId: paidAtGateway }, signal })).body.details?.method,
  );
  return method.data === "VIRTUAL_ACCOUNT";
}

export type RefundAccount = {
  isNeeded: boolean;
  account: Signal<Account>;
  form: RefObject<HTMLFormElement | null>;
  /** The part of the request; null if a field is missing, which the browser then shows. */
  body(): { refundReceiveAccount?: Account } | null;
};

export function useRefundAccount(order: Order): RefundAccount {
  const isNeeded = usePaidByDeposit(order);
  const account = useSignal<Account>({ bank: "", accountNumber: "", holderName: "" });
  const form = useRef<HTMLFormElement>(null);
  return {
    isNeeded,
    account,
    form,
    body() {
      if (!isNeeded) return {};
      if (form.current?.reportValidity() === false) return null;
      const { bank, accountNumber, holderName } = account.peek();
      return { refundReceiveAccount: { bank, accountNumber: digitsOf(accountNumber), holderName: holderName.trim() } };
    },
  };
}

export function RefundAccountFields({ account, form }: Pick<RefundAccount, "account" | "form">) {
  const set = (change: Partial<Account>): void => void (account.value = { ...account.peek(), ...change });
  return (
    <form ref={form} onSubmit={(event) => event.preventDefault()}>
      <p>{t.value.refundAccountHint}</p>
      <div class="fields">
        <label class="field">
          <span>{t.value.bank}</span>
          <select required value={account.value.bank} onChange={(event) => set({ bank: event.currentTarget.value })}>
            <option value="">{t.value.chooseBank}</option>
            {BANKS.map(({ code, ko, en }) => (
              <option key={code} value={code}>
                {language.value === "ko" ? ko : en}
              </option>
            ))}
          </select>
        </label>
        <TextField
          label={t.value.accountNumber}
          value={account.value.accountNumber}
          max={30}
          numeric
          fault={(text) => (/^\d{1,20}$/.test(digitsOf(text)) ? "" : t.value.digitsOnly)}
          change={(accountNumber) => set({ accountNumber })}
        />
        <TextField
          label={t.value.accountHolder}
          value={account.value.holderName}
          max={60}
          fault={(text) => (text.trim() === "" ? t.value.fillIn(t.value.accountHolder) : "")}
          change={(holderName) => set({ holderName })}
        />
      </div>
    </form>
  );
}

type TextFieldProps = {
  label: string;
  value: string;
  max: number;
  numeric?: boolean;
  /** What is wrong with a text; empty if nothing is. */
  fault: (text: string) => string;
  change: (text: string) => void;
};

function TextField({ label, value, max, numeric = false, fault, change }: TextFieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        inputMode={numeric ? "numeric" : "text"}
        autocomplete="off"
        maxLength={max}
        required
        value={value}
        onInput={({ currentTarget }) => {
          currentTarget.setCustomValidity(fault(currentTarget.value));
          change(currentTarget.value);
        }}
      />
    </label>
  );
}

/** Without the spaces and hyphens with which banks print account numbers. */
function digitsOf(accountNumber: string): string {
  return accountNumber.replace(/[\s-]/g, "");
}
