import { createServer, get } from 'node:http';
import { join } from 'node:path';
import { listenOnSocketFile } from '../pull/socket-file.ts';
import type { AgentStats } from './agent.ts';
import { codeOf } from './whole-file.ts';

/** Says how an agent stands to whoever may read its folder; and of two agents in one folder the second does not start. */
export interface StatusSocket {
  /** From now on it says this. */
  tell(stats: () => AgentStats): void;
  close(): void;
}

const pathIn = (dir: string): string => join(dir, 'agent.sock');

/** Throws `configuration` where an agent runs in this folder. */
export async function openStatusSocket(dir: string): Promise<StatusSocket> {
  let read: (() => AgentStats) | undefined;
  const server = createServer((_request, response) => {
    response.on('error', () => response.destroy());
    response.end(JSON.stringify(read?.() ?? {}));
  });
  await listenOnSocketFile(server, pathIn(dir));
  server.on('error', () => undefined);
  return {
    tell: (stats) => {
      read = stats;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** How the agent of a folder stands, as it says; undefined: none runs. */
export async function readStatus(dir: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get({ socketPath: pathIn(dir), path: '/', timeout: 5_000 }, (response) => {
    response
      .setEncoding('utf8')
      .toArray()
      .then((parts) => resolve(parts.join('')), reject);
  });
  request.on('timeout', () => request.destroy(new Error('the agent of this folder does not answer')));
  request.on('error', reject);
  try {
    return JSON.parse(await promise);
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED'].includes(codeOf(error))) return undefined;
    throw error;
  }
}
