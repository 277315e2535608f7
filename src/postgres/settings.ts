import { Fault } from '../kit/fault.ts';
import { type Layout, PORT } from './layout.ts';
import { memorySettings } from './memory.ts';

// biome-ignore format: a table is read by column
const DEFAULTS = {
  cluster_name:            'certpacks',
  max_connections:         '100',
  // What was acknowledged outlives a power loss.
  fsync:                   'on',
  full_page_writes:        'on',
  synchronous_commit:      'on',
  timezone:                'UTC',
  log_timezone:            'UTC',
  // The file of what the server prints stays small, and no statement is written there.
  log_min_messages:        'log',
  log_min_error_statement: 'panic',
  log_checkpoints:         'off',
};

/** What keeps the server private, and where it is looked for. */
const fixedSettings = ({ cluster, sockets }: Layout) => ({
  listen_addresses: '',
  // A list: quoted, so that a comma in the path is not read as its end.
  unix_socket_directories: `"${sockets.replaceAll('"', '""')}"`,
  unix_socket_permissions: '0700',
  port: String(PORT),
  // The OpenSSL in the package is of 2018.
  ssl: 'off',
  password_encryption: 'scram-sha-256',
  logging_collector: 'off',
  data_directory: cluster,
});

/**
 * Arguments for `postgres`, whose memory follows `buffers` (MiB). `extra` goes before the defaults; throws `configuration` when it names a fixed one.
 */
export function serverArguments(
  layout: Layout,
  buffers: number,
  extra: Readonly<Record<string, string>> = {},
): string[] {
  const fixed = fixedSettings(layout);
  const refused = Object.keys(extra).find((name) => Object.hasOwn(fixed, name.toLowerCase()));
  if (refused !== undefined) {
    throw new Fault(
      'configuration',
      `the embedded database keeps its own '${refused}': leave this setting out`,
    );
  }
  const settings = Object.entries({ ...DEFAULTS, ...memorySettings(buffers), ...extra, ...fixed });
  return ['-D', layout.cluster, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}
