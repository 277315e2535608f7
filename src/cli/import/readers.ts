import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../kit/fault.ts';
import { readCaddy } from './caddy.ts';
import { readCertbot } from './certbot.ts';
import { readCloudflare } from './cloudflare.ts';
import type { Reader } from './found.ts';
import { readHostList } from './host-list.ts';
import { readPemFolder } from './pem-folder.ts';
import { readSecrets } from './secrets.ts';

interface SourceKind {
  readonly read: Reader;
  /** One line for help. */
  readonly says: string;
  /** Whether a source looks like one. The first that does is taken. */
  readonly isOne: (source: string) => Promise<boolean>;
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

/** Every kind of source, the most special first. */
const KINDS = {
  cloudflare: {
    read: readCloudflare,
    says: 'base URL of an account’s API, token in CLOUDFLARE_API_TOKEN: names alone',
    isOne: async (source) => /^https?:\/\//.test(source),
  },
  certbot: {
    read: readCertbot,
    says: 'certbot’s folder, /etc/letsencrypt',
    isOne: async (source) => (await isFolder(join(source, 'live'))) && isFolder(join(source, 'archive')),
  },
  caddy: {
    read: readCaddy,
    says: 'Caddy’s data folder, with certificates/ in it',
    isOne: async (source) => isFolder(join(source, 'certificates')),
  },
  pem: {
    read: readPemFolder,
    says: 'a folder of PEM files in any layout',
    isOne: isFolder,
  },
  'cert-manager': {
    read: readSecrets,
    says: 'a file of Secrets, YAML or JSON',
    isOne: async (source) => /\.(ya?ml|json)$/i.test(source),
  },
  csv: {
    read: readHostList,
    says: 'a file with a hostname in each line: names alone',
    isOne: async (source) => (await stat(source).catch(() => undefined))?.isFile() ?? false,
  },
} as const satisfies Record<string, SourceKind>;

/** The kinds, for help. */
export const SOURCE_HELP = Object.entries(KINDS)
  .map(([name, { says }]) => `  ${name.padEnd(13)} ${says}`)
  .join('\n');

/** What reads a source: of the kind that is said, or that it looks like. Throws `configuration`. */
export async function readerFor(source: string, kind: string | undefined): Promise<Reader> {
  for (const [name, { read, isOne }] of Object.entries<SourceKind>(KINDS))
    if (kind === undefined ? await isOne(source) : kind === name) return read;
  const names = Object.keys(KINDS).join(', ');
  throw kind === undefined
    ? new Fault('configuration', `there is nothing to import at ${source}`)
    : new Fault('configuration', `--from is one of ${names}`);
}
