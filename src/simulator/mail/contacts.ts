import { getPublicSuffix } from 'tldts';
import { RCODE } from '../dns/message.ts';
import type { Resolver } from '../dns/resolver.ts';

/** Most addresses of one name that are written to. */
const MOST_CONTACTS = 5;
/** RFC 5321 4.5.3.1. */
const [LONGEST_LOCAL, LONGEST_ADDRESS] = [64, 254];

/**
 * Addresses in the `contactemail` properties of the CAA records for a name: of the name itself, or of the nearest above it that
 * has CAA records (RFC 8659 3, BR 3.2.2.4.13). None where DNS does not answer. Never rejects.
 */
export async function contactsOf(
  resolver: Pick<Resolver, 'resolve'>,
  name: string,
): Promise<readonly string[]> {
  const labels = name.split('.');
  const suffix = getPublicSuffix(name)?.split('.').length ?? 1;
  for (let at = 0; at < labels.length - suffix; at++) {
    const values = await caaAt(resolver, labels.slice(at).join('.'));
    if (values === undefined) return [];
    if (values.length > 0) return addressesIn(values);
  }
  return [];
}

interface CaaValue {
  readonly tag: string;
  readonly value: string;
}

/** Undefined where it cannot be told whether there are any. */
async function caaAt(resolver: Pick<Resolver, 'resolve'>, name: string): Promise<CaaValue[] | undefined> {
  try {
    const { rcode, answers = [] } = await resolver.resolve(name, 'CAA');
    if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return undefined;
    return answers.flatMap((one) => (one.type === 'CAA' ? [one.data] : []));
  } catch {
    return undefined;
  }
}

/** A value is one whole address, or it is not used (BR appendix A.1.1). */
const addressesIn = (values: readonly CaaValue[]): string[] =>
  values
    .filter(({ tag, value }) => tag.toLowerCase() === 'contactemail' && isAddress(value))
    .map(({ value }) => value)
    .slice(0, MOST_CONTACTS);

/** A dot-atom in ASCII at a host name (RFC 5322 3.4.1): nothing that could end a header or a command, or be two addresses. */
export function isAddress(text: string): boolean {
  const [local = '', domain = '', ...more] = text.split('@');
  const isShort = text.length <= LONGEST_ADDRESS && local.length <= LONGEST_LOCAL;
  return isShort && more.length === 0 && ATOMS.test(local) && HOST.test(domain);
}

const ATOMS = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
