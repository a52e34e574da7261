// The address that a request comes from, when there are proxies in front of the shop. Without TRUST_PROXY it is the connection's address.

import { BlockList, isIP } from "node:net";
import type { TrustedProxies } from "../config.ts";

type Request = { socket: { remoteAddress?: string | undefined }; headers: Record<string, string | string[] | undefined> };

/**
 * Reads the client's address. Each proxy appends the address of its caller to X-Forwarded-For. So the list is read from its end, and only as far
 * as the proxies are trusted: the client itself wrote the rest.
 */
export function clientAddressReader(trusted: TrustedProxies | undefined): (request: Request) => string {
  if (trusted === undefined) return ({ socket }) => socket.remoteAddress ?? "";
  const networks = typeof trusted === "number" ? undefined : blockListOf(trusted);
  const most = typeof trusted === "number" ? trusted : Number.POSITIVE_INFINITY;
  return ({ socket, headers }) => {
    let address = socket.remoteAddress ?? "";
    const forwarded = String(headers["x-forwarded-for"] ?? "").split(",");
    for (let proxies = 0; proxies < most && (networks === undefined || contains(networks, address)); proxies++) {
      const previous = bareAddress(forwarded.pop() ?? "");
      if (previous === undefined) break;
      address = previous;
    }
    return address;
  };
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

/** An address without the port or brackets that some proxies write; undefined for any other text. A zone (`%eth0`) could be any text, so it is refused. */
function bareAddress(text: string): string | undefined {
  const [, bracketed, withPort] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(text.trim()) ?? [];
  const address = bracketed ?? withPort ?? text.trim();
  return isIP(address) !== 0 && !address.includes("%") ? address : undefined;
}
