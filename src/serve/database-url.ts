/** The option `database_url`: what is in it, checked before anybody is asked. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { Fault } from '../kit/fault.ts';

/** A URL that can be used, and what messages need of it: never its password. */
export interface DatabaseUrl {
  /** As `pg` takes it. */
  readonly connectionString: string;
  /** Host and port, or the folder of a socket. */
  readonly place: string;
  readonly host: string;
  readonly user: string;
  readonly database: string;
  /** What the operator should know, though it works. */
  readonly warnings: readonly string[];
}

/** What `pg` takes in the URL. */
const OPTIONS = [
  'host',
  'port',
  'user',
  'password',
  'ssl',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslnegotiation',
  'application_name',
  'fallback_application_name',
  'options',
  'client_encoding',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'query_timeout',
];

/** What libpq takes and has no effect here. */
const WITHOUT_EFFECT = [
  'channel_binding',
  'connect_timeout',
  'gssencmode',
  'keepalives',
  'keepalives_idle',
  'keepalives_interval',
  'keepalives_count',
  'ssl_min_protocol_version',
  'sslcompression',
  'sslsni',
  'target_session_attrs',
  'tcp_user_timeout',
];

/** The modes of libpq, and what they mean here: either the server is proven, or the operator says that it need not be. */
const MODES: Readonly<Record<string, 'verify-full' | 'no-verify' | 'disable'>> = {
  disable: 'disable',
  'no-verify': 'no-verify',
  prefer: 'verify-full',
  require: 'verify-full',
  'verify-ca': 'verify-full',
  'verify-full': 'verify-full',
};

/** Reads the URL. Throws `configuration` with what to change; nothing of a password is in it. */
export function readDatabaseUrl(text: string): DatabaseUrl {
  const url = parse(text);
  const given = url.searchParams;
  for (const name of given.keys())
    if (!OPTIONS.includes(name) && !WITHOUT_EFFECT.includes(name)) throw unknown(name);
  const mode = modeOf(given);
  checkFiles(given);
  const host = hostOf(url);
  return {
    connectionString: text
      .replace(/([?&]sslmode=)[^&#]*/, `$1${mode ?? ''}`)
      .replace(/([?&])sslrootcert=system(&|$)/, '$1'),
    place: placeOf(url, host),
    host,
    user: given.get('user') ?? decodeURIComponent(url.username),
    database: decodeURIComponent(url.pathname.slice(1)),
    warnings: warningsOf(given, mode, host),
  };
}

const hostOf = ({ hostname, searchParams }: URL): string =>
  searchParams.get('host') ?? decodeURIComponent(hostname).replace(/^\[|\]$/g, '');

function placeOf({ port, searchParams }: URL, host: string): string {
  if (host.startsWith('/')) return `the socket in ${host}`;
  return `${host || 'localhost'}:${searchParams.get('port') ?? (port || '5432')}`;
}

/** A URL as libpq has it: the host may be missing, where an option has it. */
function parse(text: string): URL {
  const url = URL.parse(text) ?? URL.parse(text.replace('@/', '@none/'));
  if (!url || !/^postgres(?:ql)?:$/.test(url.protocol))
    throw wrong(
      'it must be a URL, as postgres://user:password@host/database; encode what is special in a password (%40 for @)',
    );
  if (url.hostname === 'none' && !text.includes('@none')) url.hostname = '';
  return url;
}

function modeOf(given: URLSearchParams): string | undefined {
  const mode = given.get('sslmode');
  if (mode === null) return undefined;
  const meaning = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined;
  if (meaning === undefined) throw wrong(`sslmode must be one of ${Object.keys(MODES).join(', ')}`);
  return meaning;
}

const FILES = { sslrootcert: 'the CA to trust', sslcert: 'our certificate', sslkey: 'its key' } as const;

function checkFiles(given: URLSearchParams): void {
  for (const [name, what] of Object.entries(FILES)) {
    const path = given.get(name);
    if (path === null || (name === 'sslrootcert' && path === 'system')) continue;
    try {
      if (!/-----BEGIN /.test(readFileSync(path, 'utf8')))
        throw wrong(`${name} (${what}) is no PEM: ${path}`);
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      throw wrong(`${name} (${what}) names ${path}, which cannot be read`);
    }
  }
}

function warningsOf(given: URLSearchParams, mode: string | undefined, host: string): string[] {
  const idle = [...given.keys()].filter((name) => WITHOUT_EFFECT.includes(name));
  const isEncrypted = mode !== undefined ? mode !== 'disable' : given.has('ssl') || given.has('sslrootcert');
  return [
    ...(idle.length > 0 ? [`database_url: ${idle.join(', ')} has no effect here`] : []),
    ...(!isEncrypted && isRemote(host)
      ? ['the connection to the database is not encrypted: add sslmode=verify-full to database_url']
      : []),
    ...(mode === 'no-verify'
      ? ['whoever answers is taken for the database (sslmode=no-verify): sslrootcert names the CA to trust']
      : []),
  ];
}

const isRemote = (host: string): boolean =>
  host !== '' &&
  !host.startsWith('/') &&
  host !== 'localhost' &&
  !(isIP(host) === 4 && host.startsWith('127.')) &&
  host !== '::1';

function unknown(name: string): Fault {
  const near = OPTIONS.find((known) => distance(known, name) <= 2);
  return wrong(
    `it has no option '${name.slice(0, 40)}'${near === undefined ? `; it knows ${OPTIONS.join(', ')}` : `: is it ${near}?`}`,
  );
}

/** Letters to change, add or leave out, to come from one word to the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries())
      next.push(
        Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + Number(letter !== other)),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}

const wrong = (why: string): Fault => new Fault('configuration', `database_url: ${why}`);
