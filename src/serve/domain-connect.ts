/** Domain Connect as the options have it: who we are to DNS providers, how they are found, and the key that signs links. */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isPlainLabel } from '../dns/message/names.ts';
import type { Options } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { get } from '../notify/http-get.ts';
import {
  type ConnectFound,
  type ConnectProvider,
  readSettings,
  settingsUrl,
} from '../pack/connect-provider.ts';
import {
  type ConnectTerms,
  type DomainConnect,
  publicKeyRecords,
  templatePath,
} from '../pack/domain-connect.ts';
import { toName } from '../pack/hosts.ts';
import { createConnectLook } from '../validation/domain-connect.ts';
import { outboundOf } from './alert-sending.ts';
import type { ServiceParts } from './service-parts.ts';

/** Who we are, and with which key; undefined: no links are made. Throws `configuration` for what cannot be so. */
export function connectIdentityOf(
  options: Options,
): { readonly terms: ConnectTerms; readonly key: KeyObject } | undefined {
  if (options.connect_provider_id === '') return undefined;
  const keyName = options.connect_key_name.toLowerCase();
  if (!isPlainLabel(keyName))
    throw new Fault('configuration', 'connect_key_name must be one label of a name');
  const terms = {
    providerId: providerIdIn(options),
    providerName: options.connect_provider_name,
    keyName,
    delegationZone: options.delegation_zone,
  };
  return { terms, key: readKey(options.connect_key_file) };
}

function providerIdIn({ connect_provider_id: text }: Options): string {
  try {
    return toName(text);
  } catch (cause) {
    throw new Fault('configuration', `connect_provider_id must be a domain, not ${JSON.stringify(text)}`, {
      cause,
    });
  }
}

/** Shortest key, in bits. */
const LEAST_BITS = 2_048;

function readKey(path: string): KeyObject {
  if (path === '')
    throw new Fault('configuration', 'connect_key_file is demanded where connect_provider_id is set');
  const key = openKey(path);
  const { modulusLength: bits = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa' && bits >= LEAST_BITS) return key;
  throw new Fault('configuration', `${path} must have an RSA key of ${LEAST_BITS} bits or more`);
}

function openKey(path: string): KeyObject {
  try {
    if ((statSync(path).mode & 0o077) === 0) return createPrivateKey(readFileSync(path));
  } catch (cause) {
    // Nothing of the error itself: it may quote what was read.
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new Fault('configuration', `connect_key_file ${path} cannot be read as a private key${code}`);
  }
  throw new Fault('configuration', `${path} can be read by others; make it mode 600`);
}

/** Values of the TXT records in which providers look for the public key. */
export const connectKeyRecords = (key: KeyObject): string[] =>
  publicKeyRecords(createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64'));

/** How links are made; undefined: they are not. Throws `configuration`. */
export function domainConnectOf({
  options,
  clock,
}: Pick<ServiceParts, 'options' | 'clock'>): DomainConnect | undefined {
  const identity = connectIdentityOf(options);
  if (!identity) return undefined;
  const { terms, key } = identity;
  const lookAt = createConnectLook({
    roots: options.dns_roots,
    port: options.dns_port,
    allow: options.allow_addresses,
    ipv6: options.dns_ipv6,
    clock,
  });
  const { roots, ...outbound } = outboundOf(options);
  const ask: Ask = (url, signal) => get({ ...outbound, roots: roots() }, url, signal);
  return {
    terms,
    find: async (name, signal) => {
      const seen = await lookAt(name, signal);
      return seen.kind === 'lost' ? { kind: 'none', why: seen.why } : settingsOf(ask, seen, signal);
    },
    refusalOf: (provider, service, signal) =>
      refusalOf(ask, { provider, path: templatePath(terms.providerId, service) }, signal),
    sign: (query) => sign('sha256', Buffer.from(query), key).toString('base64'),
  };
}

type Ask = (url: string, signal: AbortSignal) => ReturnType<typeof get>;

async function settingsOf(
  ask: Ask,
  { domain, values }: { readonly domain: string; readonly values: readonly string[] },
  signal: AbortSignal,
): Promise<ConnectFound> {
  const [url] = values.flatMap((value) => settingsUrl(value, domain) ?? []);
  if (url === undefined)
    return {
      kind: 'none',
      why: `the DNS provider of ${domain} does not offer Domain Connect (no TXT record _domainconnect.${domain})`,
    };
  const why = `the DNS provider of ${domain} announces Domain Connect, and its settings cannot be read`;
  const got = await ask(url, signal);
  if (got.kind === 'lost') return { kind: 'none', why: `${why}: ${got.why}` };
  if (got.status !== 200) return { kind: 'none', why: `${why}: it answers HTTP ${got.status}` };
  const read = readSettings(parsed(got.text), domain);
  return typeof read === 'string' ? { kind: 'none', why: `${why}: ${read}` } : read;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function refusalOf(
  ask: Ask,
  { provider, path }: { readonly provider: ConnectProvider; readonly path: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const got = await ask(provider.urlApi + path, signal);
  if (got.kind === 'lost') return `${provider.name} does not say whether it knows our template: ${got.why}`;
  if (got.status >= 200 && got.status < 300) return undefined;
  if (got.status === 404) return `${provider.name} does not have our template yet`;
  return `${provider.name} does not say whether it knows our template: it answers HTTP ${got.status}`;
}
