// From which address a request comes, when there are proxies in front of the shop. Without TRUST_PROXY that is the connection's.

import { BlockList, isIP } from "node:net";

/** How many proxies in a row are ours, or the networks in which they are. */
export type TrustedProxies = number | string[];

type Request = { socket: { remoteAddress?: string | undefined }; headers: Record<string, string | string[] | undefined> };

const MOST_PROXIES = 16;

/** The value of TRUST_PROXY, unless it is off; undefined if it is neither a number nor a list of addresses and networks. */
export function trustedProxies(value: string): TrustedProxies | undefined {
  if (/^\d+$/.test(value)) return Number(value) >= 1 && Number(value) <= MOST_PROXIES ? Number(value) : undefined;
  const networks = value.split(",").map((one) => one.trim());
  return networks.every(isNetwork) ? networks : undefined;
}

/**
 * Reads the client's address. Each proxy appends the address that it was called from to X-Forwarded-For, so the list is read from its end and
 * only as far as the proxies are ours: what stands before that was written by the client.
 */
export function clientAddressReader(trusted: TrustedProxies | undefined): (request: Request) => string {
  if (trusted === undefined) return ({ socket }) => socket.remoteAddress ?? "";
  const networks = typeof trusted === "number" ? undefined : blockListOf(trusted);
  const most = typeof trusted === "number" ? trusted : Number.POSITIVE_INFINITY;
  return ({ socket, headers }) => {
    let address = socket.remoteAddress ?? "";
    const forwarded = String(headers["x-forwarded-for"] ?? "").split(",");
    for (let proxies = 0; proxies < most && (networks === undefined || contains(networks, address)); proxies++) {
      const before = plainAddress(forwarded.pop() ?? "");
      if (before === undefined) break;
      address = before;
    }
    return address;
  };
}

function isNetwork(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const most = isIP(address) === 4 ? 32 : 128;
  return (
    isIP(address) !== 0 &&
    !address.includes("%") &&
    rest.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= most))
  );
}

function blockListOf(networks: string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    const family = isIP(address) === 4 ? "ipv4" : "ipv6";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function contains(networks: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && networks.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** An address as some proxies write it, with a port or in brackets; undefined for anything else. A zone (`%eth0`) could be any text. */
function plainAddress(text: string): string | undefined {
  const [, bracketed, withPort] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(text.trim()) ?? [];
  const address = bracketed ?? withPort ?? text.trim();
  return isIP(address) !== 0 && !address.includes("%") ? address : undefined;
}
