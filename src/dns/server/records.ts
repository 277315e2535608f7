/** Records as they are answered. */
import type { Answer, CaaData } from 'dns-packet';
import type { OwnRecord } from '../dns.ts';

/** Numbers of types (IANA) that are answered here. */
export const TYPE = {
  a: 1,
  ns: 2,
  cname: 5,
  soa: 6,
  mx: 15,
  txt: 16,
  aaaa: 28,
  srv: 33,
  opt: 41,
  ds: 43,
  tkey: 249,
  any: 255,
  caa: 257,
} as const;

const NUMBERS: Readonly<Record<OwnRecord['type'], number>> = {
  A: TYPE.a,
  AAAA: TYPE.aaaa,
  CAA: TYPE.caa,
  CNAME: TYPE.cname,
  MX: TYPE.mx,
  NS: TYPE.ns,
  SRV: TYPE.srv,
  TXT: TYPE.txt,
};

/** How long an answer with addresses of our edges may be kept, in seconds. */
const EDGE_TTL = 300;

/** An address as a record. */
export const addressRecord = (name: string, ttl: number, data: string): Answer => ({
  type: data.includes(':') ? 'AAAA' : 'A',
  name,
  ttl,
  data,
});

/** Records of an owner's that answer a question for a type, as those of `name`; proxied ones are our edges. */
export function recordsOfType(
  records: readonly OwnRecord[],
  type: number,
  { name, publicAddresses }: { readonly name: string; readonly publicAddresses: readonly string[] },
): Answer[] {
  const isAddress = type === TYPE.a || type === TYPE.aaaa;
  if (isAddress && records.some(({ isProxied }) => isProxied))
    return publicAddresses
      .map((data) => addressRecord(name, EDGE_TTL, data))
      .filter((one) => type === (one.type === 'A' ? TYPE.a : TYPE.aaaa));
  const asked = records.filter((one) => NUMBERS[one.type] === type && !one.isProxied);
  // Records of one name and type are kept for the same time (RFC 2181 5.2).
  const ttl = Math.min(...asked.map((one) => one.ttl));
  return asked.map((one) => toAnswer(one, name, ttl));
}

/** The name that a name is an alias for; undefined: it is none. */
export const aliasOf = (records: readonly OwnRecord[]): string | undefined => {
  const alias = records.find(({ type, isProxied }) => type === 'CNAME' && !isProxied);
  return alias?.type === 'CNAME' ? alias.data : undefined;
};

export function toAnswer(record: OwnRecord, name: string, ttl: number): Answer {
  switch (record.type) {
    case 'MX':
      return { type: 'MX', name, ttl, data: record.data };
    case 'TXT':
      return { type: 'TXT', name, ttl, data: record.data };
    case 'CAA':
      // The library writes any tag; its types know three.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same fields
      return { type: 'CAA', name, ttl, data: record.data as CaaData };
    case 'SRV':
      return { type: 'SRV', name, ttl, data: record.data };
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'NS':
    default:
      return { type: record.type, name, ttl, data: record.data };
  }
}
