/**
 * Certificates of chosen zones, one by one, under the names and labels of x509-certificate-exporter, so that rules and
 * dashboards that are made for that one show them too.
 */
import { X509Certificate } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { LRUCache } from 'lru-cache';
import { Gauge, type Registry } from 'prom-client';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { between, minutes, type Seconds } from '../kit/time.ts';
import { printable } from '../kit/unprintable.ts';
import type { Pool } from '../store/store.ts';
import {
  listWatchedCertificates,
  type Watched,
  type WatchedCertificate,
} from '../store/watched-certificates.ts';
import { sharedAsk } from './shared-ask.ts';

interface CertificateSources {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Option `metrics_certificate_zones`. */
  readonly zones: readonly string[];
}

/** Most packs that are told of: two certificates each, in three series. */
const MOST = 500;
/** They are read again after so long; told meanwhile as they were. */
const AGE: Seconds = minutes(1);

/** Adds the series of the zones' certificates to a registry; none where no zone is named. Throws `configuration` for what is no name. */
export function addCertificates(registry: Registry, { pool, clock, zones }: CertificateSources): void {
  if (zones.length === 0) return;
  const names = [...new Set(zones.map(toZoneName))];
  const ask = remembered(clock, () => listWatchedCertificates(pool, names, MOST));
  const add = (name: string, help: string, of: (one: WatchedCertificate) => number) =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: LABELS,
        registers: [],
        async collect() {
          this.reset();
          for (const one of (await ask()).certificates) this.set(labelsOf(one), of(one));
        },
      }),
    );
  add('x509_cert_not_before', 'When a certificate begins, in seconds since 1970', ({ notBefore }) =>
    secondsOf(notBefore),
  );
  add('x509_cert_not_after', 'When a certificate ends, in seconds since 1970', ({ notAfter }) =>
    secondsOf(notAfter),
  );
  add('x509_cert_expired', 'Whether a certificate has ended: 1 or 0', ({ notAfter }) =>
    Number(notAfter < clock.now()),
  );
  registry.registerMetric(countOf(names, ask));
  registry.registerMetric(leftOut(ask));
}

const countOf = (names: readonly string[], ask: () => Promise<Watched>): Gauge =>
  new Gauge({
    name: 'certpacks_watched_certificates',
    help: 'Certificates that are told of one by one, by the name of their zone',
    labelNames: ['zone'],
    registers: [],
    async collect() {
      const { certificates } = await ask();
      for (const zone of names) this.set({ zone }, certificates.filter((one) => one.zone === zone).length);
    },
  });

const leftOut = (ask: () => Promise<Watched>): Gauge =>
  new Gauge({
    name: 'certpacks_watched_packs_left_out',
    help: `Packs that are served in these zones beyond ${MOST}, of which nothing is told`,
    registers: [],
    async collect() {
      this.set((await ask()).leftOut);
    },
  });

/** A zone's name in A-labels, lower case, without a final dot. */
function toZoneName(given: string): string {
  const name = domainToASCII(given.trim().replace(/\.$/, '')).toLowerCase();
  if (name.includes('.') && !name.includes('*')) return name;
  const what = `metrics_certificate_zones has '${printable(given.slice(0, 100))}'`;
  throw new Fault('configuration', `${what}; it must have names of zones, e.g. example.com`);
}

/** What `ask` gave within `AGE`. */
function remembered<T>(clock: Clock, ask: () => Promise<T>): () => Promise<T> {
  let last: { readonly value: T; readonly on: Date } | undefined;
  return sharedAsk(async () => {
    const now = clock.now();
    if (!last || now < last.on || between(last.on, now) >= AGE) last = { value: await ask(), on: now };
    return last.value;
  });
}

const secondsOf = (instant: Date): number => Math.floor(instant.getTime() / 1_000);

/** Parts of a name that are told of. */
const PARTS = ['C', 'ST', 'L', 'O', 'OU', 'CN'] as const;
const LABELS = [
  'serial_number',
  ...PARTS.map((part) => `subject_${part}`),
  ...PARTS.map((part) => `issuer_${part}`),
  'filename',
  'filepath',
  'zone',
  'pack',
  'algorithm',
];
/** No label is longer; a CA may write anything into a name. */
const LONGEST = 200;

/** Labels of certificates by their fingerprints: what a certificate says does not change. */
const NAMES = new LRUCache<string, Readonly<Record<string, string>>>({ max: 4 * MOST });

function labelsOf({ zone, zoneId, packId, algorithm, fingerprint, leaf }: WatchedCertificate) {
  const known = NAMES.get(fingerprint) ?? namesIn(leaf);
  NAMES.set(fingerprint, known);
  const filepath = `/zones/${zoneId}/ssl/certificate_packs/${packId}/${algorithm}`;
  return { ...known, filename: algorithm, filepath, zone, pack: packId, algorithm };
}

/** What a certificate says of itself, and of its CA; empty texts where it cannot be read. */
function namesIn(leaf: string): Readonly<Record<string, string>> {
  try {
    const { serialNumber, subject, issuer } = new X509Certificate(leaf);
    return {
      serial_number: BigInt(`0x${serialNumber}`).toString(),
      ...partsOf('subject', subject),
      ...partsOf('issuer', issuer),
    };
  } catch {
    return { serial_number: '', ...partsOf('subject', ''), ...partsOf('issuer', '') };
  }
}

/** The parts of a name as OpenSSL prints it, one a line, with what is special behind a backslash: itself, or a byte in hexadecimal. */
const partsOf = (of: string, name: string | undefined): Record<string, string> => {
  const lines = (name ?? '').split('\n');
  const valueOf = (part: string) =>
    lines.find((line) => line.startsWith(`${part}=`))?.slice(part.length + 1) ?? '';
  return Object.fromEntries(PARTS.map((part) => [`${of}_${part}`, cut(printable(unescaped(valueOf(part))))]));
};

const unescaped = (text: string): string =>
  text.replace(/\\(?:([0-9A-F]{2})|(.))/g, (_, byte?: string, itself = '') =>
    byte === undefined ? itself : String.fromCharCode(Number.parseInt(byte, 16)),
  );

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
