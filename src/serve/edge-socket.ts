import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceParts } from './service-parts.ts';

/**
 * Socket at which this service hands out certificates to the bundled edges of its machine. The name of a socket
 * is short by nature, so a deep data folder has it elsewhere.
 */
export function edgeSocketOf({ options, dir }: Pick<ServiceParts, 'options' | 'dir'>): string {
  const usual = options.edge_socket || join(dir, 'edge', 'pull.sock');
  if (options.edge_socket !== '' || Buffer.byteLength(usual) <= LONGEST_SOCKET) return usual;
  const folder = `certpacks-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`;
  return join(tmpdir(), folder, 'pull.sock');
}

/** Bytes that a socket's name may have everywhere, by the narrowest system. */
const LONGEST_SOCKET = 100;
