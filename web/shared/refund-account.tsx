// The buyer's account to which a deposit goes back: its fields.

import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren, FunctionComponent } from "preact";
import type { CancelOrderData } from "#client";
import { accountWords } from "./account-words.ts";
import { BANKS } from "./banks.ts";
import { language } from "./languages.ts";

export type RefundAccount = NonNullable<NonNullable<CancelOrderData["body"]>["refundReceiveAccount"]>;

const EMPTY: RefundAccount = { bank: "", accountNumber: "", holderName: "" };

export type AccountForm = {
  account: Signal<RefundAccount>;
  /** The typed account as the shop takes it. */
  part: () => { refundReceiveAccount: RefundAccount };
  clear: () => void;
};

export function useAccountForm(): AccountForm {
  const account = useSignal(EMPTY);
  return {
    account,
    part() {
      const { bank, accountNumber, holderName } = account.peek();
      return { refundReceiveAccount: { bank, accountNumber: digitsOf(accountNumber), holderName: holderName.trim() } };
    },
    clear: () => void (account.value = EMPTY),
  };
}

/** A label around a control. `name` is that of the request's field. */
export type AccountField = FunctionComponent<{ name: keyof RefundAccount; label: string; children: ComponentChildren }>;

/** The browser reports a wrong value at its field. @param field the app's label around each control */
export function AccountFields({ account, field: Field }: { account: Signal<RefundAccount>; field: AccountField }) {
  const { bank, accountNumber, holderName } = account.value;
  const set = (change: Partial<RefundAccount>): void => void (account.value = { ...account.peek(), ...change });
  return (
    <>
      <Field name="bank" label={accountWords.value.bank}>
        <select required value={bank} onChange={({ currentTarget }) => set({ bank: currentTarget.value })}>
          <option value="">{accountWords.value.chooseBank}</option>
          {BANKS.map(({ code, ko, en }) => (
            <option key={code} value={code}>
              {language.value === "ko" ? ko : en}
            </option>
          ))}
        </select>
      </Field>
      <Field name="accountNumber" label={accountWords.value.accountNumber}>
        <TextInput
          value={accountNumber}
          max={30}
          numeric
          fault={/^\d{1,20}$/.test(digitsOf(accountNumber)) ? "" : accountWords.value.digitsOnly}
          change={(text) => set({ accountNumber: text })}
        />
      </Field>
      <Field name="holderName" label={accountWords.value.accountHolder}>
        <TextInput
          value={holderName}
          max={60}
          fault={holderName.trim() === "" ? accountWords.value.nameHolder : ""}
          change={(text) => set({ holderName: text })}
        />
      </Field>
    </>
  );
}

type TextInputProps = {
  value: string;
  max: number;
  numeric?: boolean;
  /** The fault of the value; empty if there is none. */
  fault: string;
  change: (text: string) => void;
};

function TextInput({ value, max, numeric = false, fault, change }: TextInputProps) {
  return (
    <input
      ref={(input) => input?.setCustomValidity(value === "" ? "" : fault)}
      type="text"
      inputMode={numeric ? "numeric" : "text"}
      autocomplete="off"
      maxLength={max}
      required
      value={value}
      onInput={({ currentTarget }) => change(currentTarget.value)}
    />
  );
}

/** Without the spaces and hyphens with which banks print account numbers. */
function digitsOf(accountNumber: string): string {
  return accountNumber.replace(/[\s-]/g, "");
}
