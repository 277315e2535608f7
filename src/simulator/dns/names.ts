import { getDomain } from 'tldts';

/** A name as this world keys it: lower case, without the final dot; the root is the empty string. */
export const toKey = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/** Whether `name` is `zone` or lies below it; both as keys. */
export const isWithin = (name: string, zone: string): boolean =>
  zone === '' || name === zone || name.endsWith(`.${zone}`);

/** The name without its first label; the root for a single label. */
export const parentOf = (name: string): string => {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
};

/** The registrable domain of a key, where customers' zones begin; undefined for a public suffix and the root. */
export function registrableOf(name: string): string | undefined {
  const domain = getDomain(name, { extractHostname: false, validateHostname: false });
  // A question may hold any bytes, and what is walked up to must lie above.
  return domain && isWithin(name, domain) ? domain : undefined;
}

/** Whether a key can be the name of a record: at most 253 characters, labels of 1 to 63 (RFC 1035 2.3.4). */
export function isName(name: string): boolean {
  return name.length <= 253 && name.split('.').every((label) => /^(?:[a-z0-9_-]{1,63}|\*)$/.test(label));
}
