// The shop's business details, which Korean law asks for, the right of withdrawal, and the terms.

import { shopInfo } from "../../shared/shop-info.ts";
import { t } from "../words/words.ts";
import { Facts } from "./facts.tsx";

/** Nothing if the shop's settings name no details. */
export function BusinessDetails() {
  const business = shopInfo.value?.business;
  return (
    <Facts
      of={[
        [t.value.businessName, business?.name],
        [t.value.businessOwner, business?.owner],
        [t.value.businessNumber, business?.registrationNumber],
        [t.value.mailOrderNumber, business?.mailOrderNumber],
        [t.value.businessAddress, business?.address],
        [t.value.businessPhone, business?.phone],
        [t.value.businessEmail, business?.email],
      ]}
    />
  );
}

export function Footer() {
  const info = shopInfo.value;
  const business = info?.business;
  return (
    <footer class="footer">
      <BusinessDetails />
      {info && <p>{t.value.withdrawal(info.returnWithinDays)}</p>}
      {info?.demo && <p>{t.value.footer}</p>}
      <p class="footer-links">
        {business?.termsUrl && <a href={business.termsUrl}>{t.value.terms}</a>}
        {business?.privacyUrl && <a href={business.privacyUrl}>{t.value.privacy}</a>}
        <a href="/docs">{t.value.apiDocs}</a>
      </p>
    </footer>
  );
}
