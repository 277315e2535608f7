/** A shop whose zone is served by two name servers, in a small DNS of its own: the scene of this room's tests. */
import { VirtualClock } from '../../../src/kit/clock.ts';
import { createTxtPrecheck, type PrecheckOptions } from '../../../src/validation/txt.ts';
import type { TxtCheck } from '../../../src/validation/validation.ts';
import { authoritative, type Line, startWorld, type World } from './small-dns.ts';

export const ROOT = '127.0.70.2';
export const TLD = '127.0.70.3';
export const NS1 = '127.0.70.4';
export const NS2 = '127.0.70.5';
export const OURS = '127.0.70.6';
export const OTHER = '127.0.70.7';

export const NAME = '_acme-challenge.www.shop.test';
export const VALUE = 'gfj9Xq-Rg85nM_2Lk1oVd3tQpZ7yHs4wBcE6uAiNxKo';
export const RECORD = { txtName: NAME, txtValue: VALUE };

const root: Line[] = [
  ['test', 'NS', 'a.nic.test'],
  ['a.nic.test', 'A', TLD],
  ['net', 'NS', 'a.nic.test'],
  ['example', 'NS', 'a.nic.test'],
];
export const tld: Line[] = [
  ['shop.test', 'NS', 'ns1.shop.test'],
  ['shop.test', 'NS', 'ns2.shop.test'],
  ['ns1.shop.test', 'A', NS1],
  ['ns2.shop.test', 'A', NS2],
];
export const net: Line[] = [
  ['dcv.net', 'NS', 'ns.dcv.net'],
  ['ns.dcv.net', 'A', OTHER],
  ['host.net', 'NS', 'ns.host.net'],
  ['ns.host.net', 'A', NS1],
];
export const withTxt: Line[] = [[NAME, 'TXT', VALUE]];

/** The running scene. */
export interface Shop {
  readonly world: World;
  /** The clock of the looks since the last `reset`. */
  clock(): VirtualClock;
  /** As at the start: every server up, the record in place, nothing asked yet. */
  reset(): Promise<void>;
  /** What the servers of the top-level domains serve, besides or instead. */
  serveTlds(more: Readonly<Record<string, readonly Line[]>>): Promise<void>;
  /** What both servers of the shop's zone serve. */
  everyNs(lines: readonly Line[]): Promise<void>;
  options(): PrecheckOptions;
  look(more?: Partial<PrecheckOptions>): Promise<TxtCheck>;
}

export async function startShop(): Promise<Shop> {
  const world = await startWorld();
  let clock = new VirtualClock();
  const serveTlds: Shop['serveTlds'] = (more) => world.set(TLD, authoritative({ test: tld, net, ...more }));
  const everyNs: Shop['everyNs'] = async (lines) => {
    await world.set(NS1, authoritative({ 'shop.test': lines }));
    await world.set(NS2, authoritative({ 'shop.test': lines }));
  };
  const reset = async () => {
    clock = new VirtualClock();
    await world.set(ROOT, authoritative({ '': root }));
    await serveTlds({});
    await world.set(OTHER, authoritative({ 'dcv.net': [] }));
    await everyNs(withTxt);
    world.asked.length = 0;
  };
  const options = (): PrecheckOptions => ({
    roots: [ROOT],
    port: world.port,
    allow: ['127.0.0.0/8'],
    ipv6: false,
    clock,
    delegationZone: 'dcv.net',
  });
  const look = (more: Partial<PrecheckOptions> = {}) =>
    createTxtPrecheck({ ...options(), ...more })(RECORD, AbortSignal.timeout(20_000));
  return { world, clock: () => clock, reset, serveTlds, everyNs, options, look };
}
