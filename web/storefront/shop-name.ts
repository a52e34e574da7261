import { computed } from "@preact/signals";
import { shopInfo } from "../shared/shop-info.ts";
import { t } from "./words/words.ts";

/** The name of the shop's business, or this software's. */
export const shopName = computed(() => shopInfo.value?.business.name ?? t.value.brand);
