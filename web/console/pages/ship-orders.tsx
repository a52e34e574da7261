// Ships many orders from a carrier's file. The file is read and shown before anything is sent.

import { useSignal } from "@preact/signals";
import { formatNumber } from "../../shared/languages.ts";
import { to } from "../../shared/router.ts";
import type { ParcelFault, ParcelFile } from "../parcels.ts";
import { Confirm } from "../parts/confirm.tsx";
import { FileField, TemplateLink } from "../parts/file-field.tsx";
import { Card, FaultList, Notice, Title } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { o } from "../words/orders.ts";
import { t } from "../words/words.ts";

const PREVIEW_ROWS = 20;

export function ShipOrders() {
  const file = useSignal<ParcelFile | null>(null);
  const unreadable = useSignal(false);
  const outcome = useSignal<{ shipped: number; of: number } | null>(null);
  const chosen = file.value;
  const choose = async (first: File | undefined): Promise<void> => {
    file.value = null;
    unreadable.value = false;
    outcome.value = null;
    if (first === undefined) return;
    try {
      // No other page needs the reader and its parser.
      const [{ readParcelFile }, bytes] = await Promise.all([import("../parcels.ts"), first.arrayBuffer()]);
      file.value = readParcelFile(new Uint8Array(bytes));
    } catch {
      unreadable.value = true;
    }
  };
  return (
    <>
      <Title
        side={
          <a class="button small quiet" href={to("/orders")}>
            {o.value.toOrders}
          </a>
        }
      >
        {o.value.bulkShip}
      </Title>
      <Card>
        <p class="muted">{o.value.bulkWords}</p>
        <p class="card-links">
          <TemplateLink name={o.value.templateName} text={o.value.templateRows}>
            {o.value.template}
          </TemplateLink>
        </p>
        <FileField label={o.value.file} choose={choose} />
        {unreadable.value && <Notice kind="bad">{o.value.unreadable}</Notice>}
      </Card>
      {chosen && (
        <FaultList
          title={o.value.faulty(chosen.faults.length)}
          faults={chosen.faults.map((fault) => o.value.lineFault(fault.line, o.value.parcelFault(fault)))}
        />
      )}
      {outcome.value && (
        <Notice kind={outcome.value.shipped === outcome.value.of ? "good" : "warn"}>
          {outcome.value.shipped === outcome.value.of
            ? o.value.allShipped(outcome.value.shipped)
            : o.value.someShipped(outcome.value.shipped, outcome.value.of)}
        </Notice>
      )}
      {chosen && chosen.faults.length === 0 && outcome.value === null && (
        <Preview
          file={chosen}
          shipped={(shipped, faults) => {
            outcome.value = { shipped, of: chosen.rows.length };
            if (faults.length > 0) file.value = { ...chosen, faults };
          }}
        />
      )}
    </>
  );
}

function Preview({ file: { rows }, shipped }: { file: ParcelFile; shipped: (count: number, faults: ParcelFault[]) => void }) {
  if (rows.length === 0) return <Notice kind="warn">{o.value.noRows}</Notice>;
  return (
    <Card title={o.value.preview} side={<span class="muted number">{o.value.previewOf(rows.length)}</span>}>
      {rows.length > PREVIEW_ROWS && <p class="muted">{o.value.firstRows(PREVIEW_ROWS)}</p>}
      <Table
        caption={o.value.preview}
        rows={rows.slice(0, PREVIEW_ROWS)}
        keyOf={({ line }) => String(line)}
        columns={[
          { head: t.value.order, main: true, cell: ({ orderNumber }) => <bdi class="id clip">{orderNumber}</bdi> },
          { head: o.value.carrier, cell: ({ carrier }) => <bdi class="clip">{carrier}</bdi> },
          { head: o.value.trackingNumber, cell: ({ trackingNumber }) => <bdi class="id clip">{trackingNumber}</bdi> },
          { head: t.value.line, end: true, cell: ({ line }) => formatNumber(line) },
        ]}
      />
      <div class="form-row">
        <Confirm
          needs="fulfilment"
          label={o.value.shipAll(rows.length)}
          title={o.value.bulkShip}
          act={o.value.shipAll(rows.length)}
          tone="primary"
          quiet={false}
          run={async ({ key, shop }) => {
            const { shipFile } = await import("../parcels.ts");
            const result = await shipFile(shop, rows, key);
            shipped(result.shipped, result.faults);
          }}
        >
          {o.value.shipAllWords(rows.length)}
        </Confirm>
      </div>
    </Card>
  );
}
