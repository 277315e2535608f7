/** What a database is filled with: how large its zones are, and what its packs look like. The same each time, but for ids. */
import { createHash } from 'node:crypto';
import { Fault } from '../../src/kit/fault.ts';
import { newDelegationUuid, newHexId, newUuid } from '../../src/kit/id.ts';
import { after, days } from '../../src/kit/time.ts';
import { challengeName } from '../../src/pack/delegation.ts';
import {
  ALGORITHMS,
  type Algorithm,
  type Certificate,
  type CertificateAuthority,
  type Pack,
  type PackStatus,
  type PackType,
  type PackZone,
  type ValidationRecord,
} from '../../src/pack/pack.ts';

/** How many packs, in how many zones, and in the largest of these. */
export interface SeedShape {
  readonly packs: number;
  readonly zones: number;
  readonly largest: number;
}

/**
 * Packs of each zone, the largest first. The rest is log-logistic, as customers are: many small ones, a few large; the
 * median is about a third of the mean. Every zone has a pack at least. Throws where the numbers cannot be met.
 */
export function zoneSizes({ packs, zones, largest }: SeedShape): number[] {
  const others = zones - 1;
  const left = packs - largest;
  if (zones < 1 || largest < 1 || left < others || (others === 0 && left > 0)) {
    throw new Fault(
      'configuration',
      `${packs} packs cannot be in ${zones} zones of which one has ${largest}`,
    );
  }
  const weights = Array.from({ length: others }, (_, i) => ((i + 0.5) / (others - i - 0.5)) ** SPREAD);
  const sum = weights.reduce((a, b) => a + b, 0);
  const spare = left - others;
  let given = 0;
  let exact = 0;
  // Sums are rounded, not sizes: so they come out at what was asked for.
  const sizes = weights.map((weight) => {
    exact += (spare * weight) / sum;
    const size = Math.round(exact) - given;
    given += size;
    return size + 1;
  });
  return [largest, ...sizes.toReversed()];
}

const SPREAD = 0.7;

/** Of 1,000 packs: how many are in a status, and whether on the staging edges. */
const STATUSES: readonly (readonly [PackStatus, number, ('staging' | undefined)?])[] = [
  ['active', 830],
  ['staging_active', 60, 'staging'],
  ['pending_validation', 40],
  ['pending_expiration', 15],
  ['expired', 15],
  ['backup_issued', 10],
  ['inactive', 8],
  ['validation_timed_out', 8],
  ['pending_deployment', 6],
  ['holding_deployment', 4],
  ['staging_deployment', 4, 'staging'],
];
const TYPES: readonly (readonly [PackType, number])[] = [
  ['advanced', 550],
  ['universal', 300],
  ['managed_hostname', 120],
  ['total_tls', 30],
];
const AUTHORITIES: readonly (readonly [CertificateAuthority, number])[] = [
  ['lets_encrypt', 600],
  ['google', 300],
  ['ssl_com', 100],
];
/** Hosts of a pack by its ordinal: of 50 packs one has 50 and two have ten, so that every page has about the same bytes. */
const hostsOf = (ord: number): number => [50, 10, 10][[7, 23, 41].indexOf(ord % 50)] ?? 1 + (ord % 4);

/** The row into which the `n`th of 1,000 falls. */
function rowAt<T extends readonly [unknown, number, ...unknown[]]>(table: readonly T[], n: number): T {
  let left = n;
  for (const row of table) {
    left -= row[1];
    if (left < 0) return row;
  }
  throw new Error('a table of shares adds up to less than 1,000');
}

/** The `i`th zone of an account. */
export const zoneAt = (accountId: string, i: number): PackZone => ({
  id: newHexId(),
  accountId,
  name: `platform-${i}.example`,
  type: i % 2 === 0 ? 'full' : 'partial',
  delegationUuid: newDelegationUuid(),
  status: 'active',
  isPaused: false,
  hasName: true,
});

/** A pack at an ordinal of a zone, as it is some time after `epoch`. */
export function packAt(zone: PackZone, ord: number, now: Date): Pack {
  const dice = createHash('sha1').update(`${zone.name} ${ord}`).digest();
  const roll = (at: number): number => dice.readUInt32LE(at) % 1_000;
  const [status, , environment = 'production'] = rowAt(STATUSES, roll(0));
  const createdOn = after(now, -days(80) + ord);
  const hosts = hostsAt(zone, ord, hostsOf(ord));
  const pending = status === 'pending_validation' || status === 'validation_timed_out';
  const authority = rowAt(AUTHORITIES, roll(4))[0];
  const recordStatus = pending ? 'pending' : 'valid';
  return {
    id: newUuid(),
    zone,
    ord,
    type: rowAt(TYPES, roll(8))[0],
    status,
    statusSince: createdOn,
    hosts,
    certificateAuthority: authority,
    validationMethod: 'txt',
    validityDays: 90,
    environment,
    isDelegated: false,
    isBranded: false,
    createdOn,
    modifiedOn: createdOn,
    validationRecords: hosts.map((host, i) => recordAt(host, `${zone.name} ${ord} ${i}`, recordStatus)),
    delegations: [],
    validationErrors: pending
      ? hosts.map((host) => `${challengeName(host)} has no TXT record yet: create it`)
      : [],
    certificates: pending
      ? []
      : ALGORITHMS.map((one) => certificateAt(one, { hosts, createdOn, status, authority })),
    attempts: 0,
    claim: 0,
  };
}

const hostsAt = (zone: PackZone, ord: number, n: number): string[] =>
  Array.from(
    { length: n },
    (_, i) =>
      [`shop-${ord}.${zone.name}`, `*.shop-${ord}.${zone.name}`][i] ?? `s${i}.shop-${ord}.${zone.name}`,
  );

const recordAt = (host: string, seed: string, status: ValidationRecord['status']): ValidationRecord => ({
  host,
  method: 'txt',
  txtName: challengeName(host),
  txtValue: createHash('sha256').update(seed).digest('base64url'),
  status,
});

function certificateAt(
  algorithm: Algorithm,
  pack: Pick<Pack, 'hosts' | 'createdOn' | 'status'> & { readonly authority: CertificateAuthority },
): Certificate {
  const isOver = pack.status === 'expired';
  const issuedOn = isOver ? after(pack.createdOn, -days(90)) : pack.createdOn;
  const id = newUuid();
  return {
    id,
    algorithm,
    hosts: pack.hosts,
    issuer: ISSUERS[pack.authority],
    signature: algorithm === 'ecdsa' ? 'ECDSAWithSHA384' : 'SHA256WithRSA',
    fingerprint: createHash('sha256').update(id).digest('hex'),
    serial: id.replaceAll('-', ''),
    notBefore: issuedOn,
    notAfter: after(issuedOn, days(90)),
    uploadedOn: issuedOn,
    modifiedOn: issuedOn,
  };
}

const ISSUERS: Readonly<Record<CertificateAuthority, string>> = {
  lets_encrypt: 'LetsEncrypt',
  google: 'GoogleTrustServices',
  ssl_com: 'SSLCorporation',
};
