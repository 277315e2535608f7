/** What a form says of a custom hostname, and which part of it is a change. */
import type { CustomHostname, HostnameSettings, HostnameSsl } from '../api/wire-hostnames.ts';
import { broughtOf, type SslDraft, type Way } from './hostname-ssl.ts';

/** Settings that are on or off, by what they are called. */
export const SETTINGS = [
  ['http2', 'HTTP/2'],
  ['tls_1_3', 'TLS 1.3'],
  ['early_hints', 'Early hints'],
] as const;
export const VERSIONS = [
  ['', 'as usual'],
  ['1.0', '1.0'],
  ['1.1', '1.1'],
  ['1.2', '1.2'],
  ['1.3', '1.3'],
] as const;
const NAMES = ['http2', 'tls_1_3', 'early_hints', 'min_tls_version'] as const;

/** Empty: as usual. */
type Settings = Readonly<Record<(typeof NAMES)[number], string>>;

export interface Draft extends SslDraft, Settings {
  readonly origin: string;
  readonly sni: string;
  /** `name=value`, a line each; an object in JSON where that cannot say it. */
  readonly metadata: string;
}

const WAYS: readonly Way[] = ['txt', 'http', 'email'];

const wayOf = (ssl: HostnameSsl | undefined): Way =>
  ssl ? (WAYS.find((way) => way === ssl.method) ?? 'upload') : 'none';

/** A hostname as a form has it. */
export const draftOf = ({ ssl, ...hostname }: CustomHostname): Draft => ({
  ...sslDraftOf(ssl),
  ...settingsDraftOf(ssl?.settings ?? {}),
  origin: hostname.custom_origin_server ?? '',
  sni: hostname.custom_origin_sni ?? '',
  metadata: metadataText(hostname.custom_metadata ?? {}),
});

const sslDraftOf = (ssl: HostnameSsl | undefined): SslDraft => ({
  way: wayOf(ssl),
  ca: ssl?.certificate_authority ?? '',
  wildcard: ssl?.wildcard ?? false,
  certificate: '',
  privateKey: '',
});

const settingsDraftOf = (now: HostnameSettings): Settings => ({
  http2: now.http2 ?? '',
  tls_1_3: now.tls_1_3 ?? '',
  early_hints: now.early_hints ?? '',
  min_tls_version: now.min_tls_version ?? '',
});

/** The body that makes a hostname what the form says: what is as it was is not sent. */
export function changeOf(draft: Draft, was: CustomHostname): object {
  const before = draftOf(was);
  const ssl = sslOf(draft, before, was);
  return {
    ...(Object.keys(ssl).length > 0 && { ssl }),
    ...(draft.origin.trim() !== before.origin && { custom_origin_server: draft.origin.trim() || null }),
    ...(draft.sni.trim() !== before.sni && { custom_origin_sni: draft.sni.trim() || null }),
    ...(draft.metadata !== before.metadata && { custom_metadata: metadataIn(draft.metadata) }),
  };
}

function sslOf(draft: Draft, before: Draft, { ssl }: CustomHostname): object {
  if (draft.way === 'none') return {};
  return {
    ...(draft.way === 'upload' ? newOf(draft, before) : issuedOf(draft, before)),
    ...(draft.wildcard !== before.wildcard && { wildcard: draft.wildcard }),
    ...(NAMES.some((name) => draft[name] !== before[name]) && { settings: settingsOf(draft, ssl) }),
  };
}

/** What is brought replaces what there is, where something was pasted. */
const newOf = (draft: Draft, before: Draft): object =>
  draft.way === before.way && draft.certificate === '' ? {} : broughtOf(draft);

const issuedOf = ({ way, ca }: Draft, before: Draft): object => ({
  ...(way !== before.way && { method: way, type: 'dv' }),
  ...(ca !== '' && ca !== before.ca && { certificate_authority: ca }),
});

/** They come as a whole: what has no field stays as it was, but suites where there is nothing left to choose. */
const settingsOf = (draft: Settings, ssl: HostnameSsl | undefined): object => ({
  ...(ssl?.settings.ciphers && draft.min_tls_version !== '1.3' && { ciphers: ssl.settings.ciphers }),
  ...Object.fromEntries(NAMES.flatMap((name) => (draft[name] === '' ? [] : [[name, draft[name]]]))),
});

type Metadata = Readonly<Record<string, string>>;

/** In lines where these are read as what they were, else in JSON. */
function metadataText(metadata: Metadata): string {
  const lines = Object.entries(metadata).map(([name, value]) => `${name}=${value}`);
  const text = lines.join('\n');
  const read = Object.entries(linesIn(text));
  const isSame =
    !isJson(text) && read.length === lines.length && read.every(([name, value]) => metadata[name] === value);
  return isSame ? text : JSON.stringify(metadata, undefined, 2);
}

const isJson = (text: string): boolean => text.trimStart().startsWith('{');

const metadataIn = (text: string): unknown => (isJson(text) ? jsonIn(text) : linesIn(text));

/** What is no JSON goes as it is: the API says what is wrong, and keeps what there was. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A line without a sign of equality is a name with an empty value. */
const linesIn = (text: string): Metadata =>
  Object.fromEntries(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map((line) => {
        const [name = '', ...rest] = line.split('=');
        return [name.trim(), rest.join('=').trim()];
      }),
  );
