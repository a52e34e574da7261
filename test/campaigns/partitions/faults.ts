// The faults of the campaign. Each is undone by healing all cuts, continuing all processes and starting all that was killed.

import type { SeededRandom } from "../../support/random.ts";
import type { Lab } from "./lab.ts";
import { DATABASES, ETCD, type Servers } from "./servers.ts";
import type { Shops } from "./shops.ts";

export type Scene = { lab: Lab; servers: Servers; shops: Shops; rng: SeededRandom };

export type Fault = {
  name: string;
  kind: "partition" | "kill" | "pause";
  /** Whether it lasts until the servers have arranged themselves anew. */
  long: boolean;
  /** Resolves with the repair that is needed besides healing. */
  inject(scene: Scene): Promise<() => unknown>;
};

const nothingElse = (): void => {};

/** All hosts but these and the client, which observes. */
function others(scene: Scene, ...but: readonly string[]): string[] {
  return [...ETCD, ...DATABASES, "haproxy", ...scene.shops.hosts].filter((host) => !but.includes(host));
}

/** The other servers of the database and etcd. */
function peersOf(host: string): string[] {
  return [...ETCD, ...DATABASES].filter((other) => other !== host);
}

function partition(name: string, long: boolean, cut: (scene: Scene, primary: string) => unknown): Fault {
  return {
    name,
    kind: "partition",
    long,
    async inject(scene) {
      await cut(scene, await scene.servers.primary());
      return nothingElse;
    },
  };
}

export const ISOLATED_WITH_CLIENTS = partition("primary cut from all other servers, clients attached", true, ({ lab }, primary) =>
  lab.cutBoth([primary], peersOf(primary)),
);

export const PARTITIONS: Fault[] = [
  ISOLATED_WITH_CLIENTS,
  partition("primary cut from everything", true, (scene, primary) => scene.lab.cutBoth([primary], others(scene, primary))),
  partition("one way: packets of the primary do not arrive at other servers", true, ({ lab }, primary) => {
    for (const peer of peersOf(primary)) lab.cut(primary, peer);
  }),
  partition("one way: packets of other servers do not arrive at the primary", true, ({ lab }, primary) => {
    for (const peer of peersOf(primary)) lab.cut(peer, primary);
  }),
  partition("primary with one etcd and a shop on the minority's side", true, (scene, primary) => {
    const minority = [primary, scene.rng.pick([...ETCD]), scene.rng.pick(scene.shops.hosts)];
    scene.lab.cutBoth(minority, others(scene, ...minority));
  }),
  partition("first standby cut from everything", true, async (scene) => {
    const [standby = ""] = await scene.servers.standbys();
    scene.lab.cutBoth([standby], others(scene, standby));
  }),
  partition("primary cut from its first standby", true, async ({ lab, servers }, primary) => {
    const [standby = ""] = await servers.standbys();
    lab.cutBoth([primary], [standby]);
  }),
  partition("etcd's leader cut from everything", false, async (scene) => {
    const leader = await scene.servers.etcdLeader();
    scene.lab.cutBoth([leader], others(scene, leader));
  }),
  partition("etcd without a majority: two cut from everything", true, (scene) => {
    const left = scene.rng.pick([...ETCD]);
    const [first, second] = ETCD.filter((host) => host !== left) as [string, string];
    scene.lab.cutBoth([first, second], others(scene, first, second));
    scene.lab.cutBoth([first], [second]);
  }),
  partition("etcd cut from all databases", true, ({ lab }) => lab.cutBoth(ETCD, DATABASES)),
  partition("HAProxy cut from the primary", false, ({ lab }, primary) => lab.cutBoth(["haproxy"], [primary])),
  partition("one shop cut from HAProxy", false, ({ lab, shops, rng }) => lab.cutBoth(["haproxy"], [rng.pick(shops.hosts)])),
];

export const KILLS: Fault[] = [
  {
    name: "PostgreSQL of the primary killed",
    kind: "kill",
    long: false,
    async inject({ servers }) {
      servers.killPostgres(await servers.primary());
      return nothingElse;
    },
  },
  {
    name: "Patroni of the primary killed, PostgreSQL goes on",
    kind: "kill",
    long: true,
    async inject({ servers }) {
      const host = await servers.primary();
      servers.killPatroni(host);
      return () => servers.startPatroni(host);
    },
  },
  {
    name: "primary's host without power",
    kind: "kill",
    long: true,
    async inject({ lab, servers }) {
      const host = await servers.primary();
      await lab.powerOff(host);
      return () => servers.startPatroni(host);
    },
  },
  {
    name: "etcd's leader killed",
    kind: "kill",
    long: false,
    async inject({ lab, servers }) {
      const host = await servers.etcdLeader();
      await lab.powerOff(host);
      return () => servers.startEtcd(host);
    },
  },
  {
    name: "HAProxy killed",
    kind: "kill",
    long: false,
    async inject({ lab, servers }) {
      await lab.powerOff("haproxy");
      return () => servers.startProxy();
    },
  },
  {
    name: "one of two shops killed",
    kind: "kill",
    long: false,
    async inject({ shops, rng }) {
      const host = rng.pick(shops.hosts);
      await shops.kill(host);
      return () => shops.start(host);
    },
  },
  ...(["primary", "first standby"] as const).map((role): Fault => ({
    name: `${role}'s host paused (SIGSTOP) and continued`,
    kind: "pause",
    long: true,
    async inject({ lab, servers }) {
      const [standby = ""] = await servers.standbys();
      const host = role === "primary" ? await servers.primary() : standby;
      lab.signal(host, "SIGSTOP");
      return () => lab.signal(host, "SIGCONT");
    },
  })),
];

/** Every fault equally often, in a random order. */
export function schedule(rng: SeededRandom, faults: readonly Fault[], count: number): Fault[] {
  const planned: Fault[] = [];
  if (faults.length === 0) return planned;
  while (planned.length < count) {
    const round = [...faults];
    while (round.length > 0) planned.push(...round.splice(rng.below(round.length), 1));
  }
  return planned.slice(0, count);
}
