import { randomBytes } from 'node:crypto';
import { parentOf } from '../message/names.ts';
import type { IterativeResolver } from './iterative-resolver.ts';
import { type Said, saidOf } from './query-all.ts';
import type { Server } from './zone.ts';

/** A wildcard that answers for a name that has no records of its own (RFC 4592). */
export interface Wildcard {
  /** Its name, e.g. `*.example.com`. */
  readonly owner: string;
  /** What it answered for the name, and where. */
  readonly said: Said;
}

/** Names above the record's parent that are tried: two questions each. */
const MOST_PARENTS = 4;

/** The wildcard behind what was said of `name`, or undefined: then the name has records of its own, or none. */
export async function findWildcard(
  walk: IterativeResolver,
  name: string,
  said: readonly Said[],
): Promise<Wildcard | undefined> {
  const given = said.find((one) => one.name === name && isGiven(one));
  if (!given?.from) return undefined;
  const sibling = await askedOf(walk, given.from, `_${randomBytes(8).toString('hex')}.${parentOf(name)}`);
  if (!isSame(given, sibling)) return undefined;
  return { owner: await ownerOf(walk, given.from, given), said: given };
}

const isGiven = ({ answer }: Said): boolean => answer === 'alias' || answer === 'values';

/**
 * A wildcard lies under the closest name that exists. A parent that answers alike is made up by a wildcard above it,
 * where there is one (RFC 4592 4.1: a wildcard answers for an asterisk too).
 */
async function ownerOf(walk: IterativeResolver, server: Server, given: Said): Promise<string> {
  let parent = parentOf(given.name);
  for (let n = 0; n < MOST_PARENTS; n += 1) {
    const higher = parentOf(parent);
    if (higher === '' || !isSame(given, await askedOf(walk, server, parent))) break;
    if (!isSame(given, await askedOf(walk, server, `*.${higher}`))) break;
    parent = higher;
  }
  return `*.${parent}`;
}

const askedOf = async (walk: IterativeResolver, server: Server, name: string): Promise<Said> =>
  saidOf(name, { server, heard: await walk.ask(server, { name, type: 'TXT' }, 1) });

const isSame = (one: Said, other: Said): boolean =>
  one.answer === other.answer &&
  one.target === other.target &&
  one.values.toSorted().join('\n') === other.values.toSorted().join('\n');
