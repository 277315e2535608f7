/** What certificates of CAs are limited to: for which names they may stand above a leaf, and how far (RFC 5280 4.2.1.9, 4.2.1.10). */
import type { X509Certificate } from 'node:crypto';
import { extensionsOf, valuesIn, valuesOf } from '../kit/der-values.ts';
import { covers, isInZone, isWildcard } from '../pack/hosts.ts';

/** What a CA may be above. */
interface Limits {
  /** Names below which all are to be; undefined: anywhere. */
  readonly permitted: readonly string[] | undefined;
  readonly excluded: readonly string[];
  /** Most certificates of CAs between it and a leaf; undefined: any number. */
  readonly most: number | undefined;
}

/**
 * Why a chain, leaf first and a root last, is none for these names: in words that go on after "the certificate"; undefined: it is one.
 * Looked at are names of hosts, as clients ask for nothing else.
 */
export function breach(chain: readonly X509Certificate[], names: readonly string[]): string | undefined {
  for (const [i, ca] of chain.entries()) {
    if (i === 0) continue;
    const { permitted, excluded, most } = limitsOf(ca);
    const between = chain.slice(1, i).filter(({ subject, issuer }) => subject !== issuer).length;
    if (most !== undefined && between > most)
      return `has a chain that is longer than ${nameOf(ca)} allows below it`;
    const outside = names.find(
      (name) =>
        (permitted && !permitted.some((base) => isBelow(name, base))) ||
        excluded.some((base) => isBelow(name, base) || (isWildcard(name) && covers(name, base))),
    );
    if (outside !== undefined)
      return `is for ${outside}, for which its CA may not issue: ${nameOf(ca)} is limited to other names`;
  }
  return undefined;
}

const nameOf = ({ subject }: X509Certificate): string => subject.split('\n').join(', ').slice(0, 200);

/** A name is below its own, and all are below the empty one; a dot before a name leaves out that name itself. */
const isBelow = (name: string, base: string): boolean =>
  base === '' || (base.startsWith('.') ? name.endsWith(base) : isInZone(name, base));

const [PATH_LENGTH, NAMES] = ['551d13', '551d1e'];
const NO_LIMITS: Limits = { permitted: undefined, excluded: [], most: undefined };

function limitsOf(ca: X509Certificate): Limits {
  const told = extensionsOf(ca.raw);
  const [constraints, names] = [told.get(PATH_LENGTH), told.get(NAMES)];
  const most = constraints && valuesIn(constraints).find(({ tag }) => tag === TAG.integer);
  const trees = names ? valuesIn(names) : [];
  const of = (tag: number) => trees.find((one) => one.tag === tag);
  const [permitted, excluded] = [of(0xa0), of(0xa1)].map((tree) => tree && dnsNamesIn(tree.contents));
  return {
    ...NO_LIMITS,
    ...(most && { most: numberOf(most.contents) }),
    // Where it says nothing of hosts, it limits none.
    ...(permitted && permitted.length > 0 && { permitted }),
    ...(excluded && { excluded }),
  };
}

/** Names of hosts among the bases of subtrees. */
const dnsNamesIn = (trees: Buffer): string[] =>
  valuesOf(trees).flatMap(({ contents }) => {
    const [base] = valuesOf(contents);
    return base?.tag === TAG.dnsName ? [base.contents.toString('latin1').toLowerCase()] : [];
  });

const numberOf = (bytes: Buffer): number =>
  bytes.length > 4 ? Infinity : Number(`0x${bytes.toString('hex')}`);

const TAG = { integer: 0x02, dnsName: 0x82 } as const;
