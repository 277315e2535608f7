/** TLS of the API itself: from files, or with the certificates of one of its own packs. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { HttpOptions } from '../api/deps.ts';
import type { PullSource } from '../edge/edge.ts';
import type { Options } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import { isElsewhere } from '../pack/key-elsewhere.ts';

export type ApiTls = NonNullable<HttpOptions['tls']>;

type TlsOptions = Pick<Options, 'tls_cert_file' | 'tls_key_file' | 'tls_host'>;

/** How often it is looked whether there are other certificates, in milliseconds. */
const LOOK_MS = 5_000;

/**
 * The certificates with which the API is to be served now; undefined where no option asks for TLS. Throws `configuration`
 * for files that cannot be used, or a pack that is not there while no file is given.
 */
export async function loadApiTls(options: TlsOptions, source: PullSource): Promise<ApiTls | undefined> {
  const { tls_cert_file: cert, tls_key_file: key, tls_host: host } = options;
  if ((cert === '') !== (key === ''))
    throw new Fault('configuration', 'tls_cert_file and tls_key_file are given together');
  const own = host === '' ? undefined : await ofPack(host, source);
  if (own) return own;
  if (cert !== '') return ofFiles(cert, key);
  if (host === '') return undefined;
  const way = 'start without tls_host or with tls_cert_file, order one, and start again';
  throw new Fault('configuration', `no certificate pack serves ${host} in production yet: ${way}`);
}

async function ofPack(host: string, source: PullSource): Promise<ApiTls | undefined> {
  const { certificates } = (await source.packFor(host.toLowerCase(), 'production')) ?? {};
  const pairs = [certificates?.ecdsa, certificates?.rsa].filter((pair) => pair !== undefined);
  // A key that its owner keeps is of no use to Node.
  if (pairs.length === 0 || pairs.some(({ key }) => isElsewhere(key))) return undefined;
  return { cert: pairs.map(({ chain }) => chain), key: pairs.map((pair) => pair.key) };
}

function ofFiles(certFile: string, keyFile: string): ApiTls {
  try {
    if ((statSync(keyFile).mode & 0o077) !== 0)
      throw new Fault('configuration', `${keyFile} can be read by others; make it mode 600`);
    const tls = { cert: [readFileSync(certFile, 'utf8')], key: [readFileSync(keyFile, 'utf8')] };
    createSecureContext({ cert: tls.cert, key: tls.key });
    return tls;
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    // Nothing of the error itself: it may quote what was read.
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new Fault('configuration', `${certFile} and ${keyFile} cannot be used as chain and key${code}`);
  }
}

/** Shows other certificates as soon as there are any. Bad ones are told of, and what was shown is shown on. */
export function followApiTls(
  shown: ApiTls,
  {
    load,
    show,
    log,
  }: {
    readonly load: () => Promise<ApiTls | undefined>;
    readonly show: (tls: ApiTls) => void;
    readonly log: Log;
  },
): { readonly stop: () => void } {
  let digest = digestOf(shown);
  const look = async () => {
    const tls = await load();
    if (!tls || digestOf(tls) === digest) return;
    show(tls);
    digest = digestOf(tls);
    log.info('the API shows other certificates');
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) =>
      log.warn({ err: error }, 'the API goes on with the certificates that it has'),
    );
  }, LOOK_MS);
  return { stop: () => clearInterval(timer) };
}

const digestOf = (tls: ApiTls): string => createHash('sha256').update(JSON.stringify(tls)).digest('base64');
