/** The chain that is served with a leaf, out of what was sent and what is known. */
import type { X509Certificate } from 'node:crypto';
import type { Fault } from '../kit/fault.ts';
import type { BundleMethod } from '../pack/pack.ts';
import { unfit } from './certificates.ts';
import { breach } from './constraints.ts';
import type { Trust } from './trust.ts';

/** A way from a leaf to a root that is trusted; the root is no part of what is served. */
interface Path {
  readonly chain: readonly X509Certificate[];
  readonly root: X509Certificate;
}

/** Most certificates of a chain, ways that are compared, and signatures that are checked: what is sent may be made to cost. */
const [MOST_CERTIFICATES, MOST_PATHS, MOST_CHECKS] = [10, 50, 400];

interface BundleAsk {
  readonly leaf: X509Certificate;
  readonly others: readonly X509Certificate[];
  readonly method: BundleMethod;
}

/** The chain to serve, leaf first. Throws `chain_not_bundleable` where no way leads to a root that is trusted; with `force` it need not. */
export function bundle(
  { leaf, others, method }: BundleAsk,
  trust: Trust,
  now: Date,
): readonly X509Certificate[] {
  if (method === 'force') return [leaf, ...others].slice(0, MOST_CERTIFICATES);
  const paths = pathsFrom(leaf, others, { trust, now });
  const judged = paths.map((path) => ({ ...path, breach: breach([...path.chain, path.root]) }));
  const [best] = judged.filter((path) => path.breach === undefined).toSorted(ORDERS[method]);
  if (best) return best.chain;
  const [{ breach: why } = {}] = judged;
  if (why !== undefined) throw unfit('chain_not_bundleable', why);
  throw unbundleable(leaf, others, now);
}

type Order = (a: Path, b: Path) => number;

const byLength: Order = (a, b) => a.chain.length - b.chain.length;
const byEnd: Order = (a, b) => endOf(b) - endOf(a);
const byAge: Order = (a, b) => a.root.validFromDate.getTime() - b.root.validFromDate.getTime();

/** A root that is older is in the stores of more clients. */
const ORDERS: Readonly<Record<Exclude<BundleMethod, 'force'>, Order>> = {
  ubiquitous: (a, b) => byAge(a, b) || byEnd(a, b) || byLength(a, b),
  optimal: (a, b) => byLength(a, b) || byEnd(a, b),
};

const endOf = ({ chain }: Path): number => Math.min(...chain.map(({ validToDate }) => validToDate.getTime()));

/** Every way from the leaf to a trusted root, within bounds; each certificate is signed by the next, and good now. */
function pathsFrom(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  { trust, now }: { readonly trust: Trust; readonly now: Date },
): Path[] {
  const [roots, known] = [trust.roots(), trust.intermediates()];
  const paths: Path[] = [];
  let checks = 0;
  const issuersOf = (one: X509Certificate, among: readonly X509Certificate[]) =>
    among.filter((issuer) => checks++ < MOST_CHECKS && isGood(issuer, now) && hasSigned(issuer, one));
  const open: (readonly X509Certificate[])[] = [[leaf]];
  for (let chain = open.shift(); chain && paths.length < MOST_PATHS; chain = open.shift()) {
    const last = chain.at(-1) ?? leaf;
    paths.push(...issuersOf(last, roots.get(last.issuer) ?? []).map((root) => ({ chain, root })));
    if (chain.length === MOST_CERTIFICATES) continue;
    const above = [
      ...others.filter(({ subject }) => subject === last.issuer),
      ...(known.get(last.issuer) ?? []),
    ];
    const next = issuersOf(last, above.filter(isIntermediate));
    open.push(...distinct(next, chain).map((one) => [...chain, one]));
  }
  return paths;
}

const isIntermediate = (one: X509Certificate): boolean =>
  one.ca && one.subject !== one.issuer && !isWeak(one);

/** Those that are not in the chain yet, each once. */
const distinct = (some: readonly X509Certificate[], chain: readonly X509Certificate[]): X509Certificate[] =>
  some.filter(
    ({ raw }, i) =>
      some.findIndex((one) => one.raw.equals(raw)) === i && !chain.some((one) => one.raw.equals(raw)),
  );

const isGood = ({ validFromDate, validToDate }: X509Certificate, now: Date): boolean =>
  validFromDate <= now && now < validToDate;

/** Whether a signature is of a kind that can be forged. */
export const isWeak = ({ signatureAlgorithm = '' }: Pick<X509Certificate, 'signatureAlgorithm'>): boolean =>
  /(?:sha1|md[245])(?!\d)/i.test(signatureAlgorithm);

function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // Its key is none that can be used.
    return false;
  }
}

function unbundleable(leaf: X509Certificate, others: readonly X509Certificate[], now: Date): Fault {
  const asIs = 'bundle_method force serves it as it is';
  if (leaf.subject === leaf.issuer && hasSigned(leaf, leaf))
    return unfit('chain_not_bundleable', `is self-signed, which no browser trusts; ${asIs}`);
  const issuers = others.filter((one) => hasSigned(one, leaf));
  if (issuers.some((one) => !isGood(one, now)))
    return unfit(
      'chain_not_bundleable',
      `has an issuer (${nameOf(leaf.issuer)}) whose own certificate is not valid now`,
    );
  if (issuers.some(isWeak))
    return unfit('chain_not_bundleable', 'has an issuer whose own certificate is signed with SHA-1 or MD5');
  const what =
    issuers.length > 0 ? 'leads to no root that is trusted here' : 'has an issuer that is not known here';
  return unfit(
    'chain_not_bundleable',
    `${what} (${nameOf(leaf.issuer)}): send the intermediate certificates of its CA behind it, or ${asIs}`,
  );
}

/** A distinguished name in one line. */
const nameOf = (name: string): string => name.split('\n').join(', ').slice(0, 200);
