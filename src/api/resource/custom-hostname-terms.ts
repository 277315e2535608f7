/** What clients say of a custom hostname beside its certificates. */
import { Fault } from '../../kit/fault.ts';
import type { GivenSsl } from '../../operation/create-custom-hostname.ts';
import type { HostnamePolicy } from '../../operation/hostname-policy.ts';
import type { HostnameTerms } from '../../pack/custom-hostname.ts';
import { toHostnameName } from '../../pack/hostname-name.ts';
import type { SaidSsl } from './custom-hostname-ssl.ts';

/** Fields of a body, as far as a schema knows them. */
export interface SaidTerms {
  readonly custom_metadata?: unknown;
  readonly custom_origin_server?: string | null | undefined;
  readonly custom_origin_sni?: string | null | undefined;
}

/** Most bytes of metadata as JSON. */
const MOST_METADATA = 8_192;

function readMetadata(given: unknown): Readonly<Record<string, string>> | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given !== 'object' || Array.isArray(given)) throw invalid('is no object');
  const entries = Object.entries(given);
  const wrong = entries.find(([, value]) => typeof value !== 'string');
  if (wrong) throw invalid(`has ${JSON.stringify(wrong[0].slice(0, 60))}, which is no text`);
  const texts: Record<string, string> = Object.fromEntries(entries);
  // What is escaped as half of a character is read by no database.
  if (!entries.flat().every((text) => text.isWellFormed())) throw invalid('has half of a character (UTF-16)');
  checkLength(JSON.stringify(texts));
  return entries.length > 0 ? texts : undefined;
}

function checkLength(json: string): void {
  if (Buffer.byteLength(json) > MOST_METADATA) throw invalid(`is longer than ${MOST_METADATA} bytes`);
  if (json.includes('\\u0000')) throw invalid('has a NUL character, which cannot be kept');
}

const invalid = (why: string): Fault =>
  new Fault('hostname_metadata_invalid', `custom_metadata ${why}`, { pointer: '/custom_metadata' });

/** The SNI that says that it is the name of each request. */
const AS_REQUESTED = ':request_host_header:';

/** The terms of a hostname by a body: what is not said is as it was, null takes away. Throws the faults of origins and metadata. */
export function readTerms(
  body: SaidTerms,
  ssl: SaidSsl | undefined,
  { takesReserved }: Pick<HostnamePolicy, 'takesReserved'>,
): (now: HostnameTerms) => HostnameTerms {
  const origin = (text: string, pointer: string) =>
    toHostnameName(text, { kind: 'origin', pointer, takesReserved });
  const { custom_origin_server: server, custom_origin_sni: sni } = body;
  const originServer =
    typeof server === 'string' && server !== '' ? origin(server, '/custom_origin_server') : undefined;
  const isName = typeof sni === 'string' && sni !== '' && sni !== AS_REQUESTED;
  const originSni = isName ? origin(sni, '/custom_origin_sni') : (sni ?? undefined) || undefined;
  const metadata = readMetadata(body.custom_metadata);
  return (now) => ({
    metadata: body.custom_metadata === undefined ? now.metadata : metadata,
    originServer: server === undefined ? now.originServer : originServer,
    originSni: sni === undefined ? keptSni(now, server) : originSni,
    wildcard: ssl?.wildcard ?? now.wildcard,
    bundleMethod: ssl?.bundleMethod ?? now.bundleMethod,
    settings: ssl?.settings ?? now.settings,
  });
}

/** Without an origin of its own there is no SNI for it. */
const keptSni = (now: HostnameTerms, server: string | null | undefined): string | undefined =>
  server === null || server === '' ? undefined : now.originSni;

/** What a hostname is of which nothing is said. */
export const NO_TERMS: HostnameTerms = {
  metadata: undefined,
  originServer: undefined,
  originSni: undefined,
  wildcard: false,
  bundleMethod: 'ubiquitous',
  settings: {},
};

/** The certificates of a new hostname. Throws `ssl_incomplete` where it is not said how control is to be shown. */
export function newSsl(ssl: SaidSsl | undefined): GivenSsl | undefined {
  if (!ssl) return undefined;
  const { pairs, method, certificateAuthority, isBranded = false } = ssl;
  if (pairs) return { kind: 'given', pairs };
  if (method) return { kind: 'managed', method, certificateAuthority, isBranded };
  throw new Fault('ssl_incomplete', 'ssl.method and ssl.type are missing, or a certificate with its key', {
    pointer: '/ssl',
  });
}
