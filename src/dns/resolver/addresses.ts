import { RCODE } from '../message/message.ts';
import { isPlainName } from '../message/names.ts';
import type { IterativeResolver } from './iterative-resolver.ts';
import { addressesIn } from './zone.ts';

/** Addresses of a name, or how the look-up of them ended. */
export type Addresses =
  | {
      readonly kind: 'found';
      readonly addresses: readonly string[];
      /** The name and those that its CNAMEs lead to. */
      readonly names: readonly string[];
    }
  /** The name, or what its CNAMEs lead to, has none. */
  | { readonly kind: 'none'; readonly at: string }
  /** Nobody who serves `zone` helped, or the CNAMEs lead nowhere. */
  | { readonly kind: 'lost'; readonly at: string; readonly why: string };

const MOST_ALIASES = 8;

/** Looks up a host's IPv6 and IPv4 addresses as the authoritative servers tell them, CNAMEs followed; IPv6 first. */
export async function addressesOf(walk: IterativeResolver, name: string): Promise<Addresses> {
  const v4 = await follow(walk, name, 'A');
  // Where nobody tells the one, nobody tells the other; some who tell the first do not know the second.
  if (v4.kind === 'lost') return v4;
  const v6 = await follow(walk, name, 'AAAA');
  const addresses = [v6, v4].flatMap((one) => (one.kind === 'found' ? one.addresses : []));
  const names = [v4, v6].flatMap((one) => (one.kind === 'found' ? one.names : []));
  if (addresses.length > 0) return { kind: 'found', addresses, names: [...new Set(names)] };
  return v6.kind === 'lost' ? v6 : v4;
}

async function follow(
  walk: IterativeResolver,
  at: string,
  type: 'A' | 'AAAA',
  path: readonly string[] = [],
): Promise<Addresses> {
  const descent = await walk.descend({ name: at, type });
  if (descent.kind === 'stuck')
    return { kind: 'lost', at, why: `no name server of ${descent.zone.name || 'the root'} gave an answer` };
  const { answers, rcode } = descent.reply;
  const addresses = addressesIn(answers, at);
  if (addresses.length > 0) return { kind: 'found', addresses, names: [...path, at] };
  const target = answers.find((record) => record.type === 'CNAME' && record.name === at)?.data;
  if (target === undefined || rcode === RCODE.nxDomain) return { kind: 'none', at };
  if (isDead(target, path)) return { kind: 'lost', at, why: 'its CNAMEs lead nowhere' };
  return follow(walk, target, type, [...path, at]);
}

const isDead = (target: string, path: readonly string[]): boolean =>
  path.includes(target) || path.length >= MOST_ALIASES || !isPlainName(target);
