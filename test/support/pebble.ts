import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CaRow } from '../../src/ca/ca.ts';
import type { CertificateAuthority } from '../../src/pack/pack.ts';
import { freePort } from './ports.ts';

/** An ACME CA that nobody here wrote: Let's Encrypt's Pebble, with a root of its own. */
export interface Pebble {
  readonly directoryUrl: string;
  /** Signs its directory's TLS certificate. */
  readonly tlsRoots: string;
  /** Root of what it issues, another one at each start. */
  readonly rootPem: string;
  /** Roots of its alternate chains. */
  readonly alternateRootPems: readonly string[];
  readonly eab?: { readonly kid: string; readonly hmacKey: string };
  /** What its management interface says of a certificate, by hexadecimal serial: `Valid` or `Revoked`. */
  statusOf(serial: string): Promise<string>;
}

export interface PebbleOptions {
  /** Folder for its files. */
  readonly dir: string;
  readonly name: string;
  /** A resolver, as `127.0.0.1:8053`. */
  readonly dns: string;
  readonly hasEab?: boolean;
  /** Of 100 requests: how many nonces are refused. 5 unless told. */
  readonly nonceReject?: number;
  /** Of 100 orders: how many use an authorization that is valid. 50 unless told. */
  readonly reuse?: number;
  readonly alternates?: number;
  /** Port at which http-01 is asked. */
  readonly httpPort?: number;
}

const FIXED = { httpPort: 5002, tlsPort: 5001, ocspResponderURL: '', certificateValidityPeriod: 90 * 86_400 };

/** Starts a Pebble on loopback; it ends with `ends`. */
export async function startPebble(ends: AsyncDisposableStack, options: PebbleOptions): Promise<Pebble> {
  const { dir, name } = options;
  const at = (file: string) => join(dir, `${name}-${file}`);
  makeCertificate(at('key.pem'), at('cert.pem'));
  const [acme, management] = [await freePort(), await freePort()];
  const eab = options.hasEab
    ? { kid: `kid-${name}`, hmacKey: randomBytes(32).toString('base64url') }
    : undefined;
  const pebble = {
    ...FIXED,
    listenAddress: `127.0.0.1:${acme}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: at('cert.pem'),
    privateKey: at('key.pem'),
    ...(options.httpPort !== undefined && { httpPort: options.httpPort }),
    externalAccountBindingRequired: eab !== undefined,
    externalAccountMACKeys: eab ? { [eab.kid]: eab.hmacKey } : {},
  };
  writeFileSync(at('config.json'), JSON.stringify({ pebble }));
  const child = spawn('pebble', ['-config', at('config.json'), '-strict', '-dnsserver', options.dns], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      PEBBLE_VA_NOSLEEP: '1',
      PEBBLE_WFE_NONCEREJECT: String(options.nonceReject ?? 5),
      PEBBLE_AUTHZREUSE: String(options.reuse ?? 50),
      PEBBLE_ALTERNATE_ROOTS: String(options.alternates ?? 0),
    },
  });
  ends.defer(async () => {
    if (child.exitCode === null && child.kill()) await once(child, 'exit');
  });
  const tlsRoots = readFileSync(at('cert.pem'), 'utf8');
  const ask = async (path: string) =>
    (await fetchPem(`https://127.0.0.1:${management}${path}`, tlsRoots)).toString();
  const rootPem = await untilUp(() => ask('/roots/0'));
  const others = Array.from({ length: options.alternates ?? 0 }, (_, i) => ask(`/roots/${i + 1}`));
  return {
    directoryUrl: `https://127.0.0.1:${acme}/dir`,
    tlsRoots,
    rootPem,
    alternateRootPems: await Promise.all(others),
    ...(eab && { eab }),
    statusOf: async (serial) => {
      const said: unknown = JSON.parse(await ask(`/cert-status-by-serial/${serial}`));
      return typeof said === 'object' && said !== null && 'Status' in said ? String(said.Status) : '';
    },
  };
}

/** A certificate of its own for 127.0.0.1. */
function makeCertificate(key: string, certificate: string): void {
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=pebble', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  });
}

async function fetchPem(url: string, ca: string): Promise<Buffer> {
  const asked = get(url, { ca, timeout: 5_000 });
  const [answer] = await once(asked, 'response');
  if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode}`);
  return buffer(answer);
}

/** What `ask` gives once it no longer fails; its failure after 20 s. */
export async function untilUp<T>(ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + 60_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(50);
    }
  }
}

/** The row of a CA that is this Pebble. */
export const rowOfPebble = (name: CertificateAuthority, { directoryUrl, tlsRoots, eab }: Pebble): CaRow => ({
  name,
  directoryUrl,
  contact: ['mailto:operator@certpacks.test'],
  ...(eab && { eab }),
  hasAgreedToTerms: true,
  validityDays: [90],
  sendsNotAfter: true,
  allowsWildcard: true,
  allowsIdn: true,
  reusesAuthorizations: name !== 'ssl_com',
  keepsOrdersApart: true,
  isPublic: false,
  tlsRoots,
});
