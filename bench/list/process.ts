import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Role, Usage } from './server.ts';

/** A server in its own process. */
export interface BenchServer extends AsyncDisposable {
  readonly origin: string;
  usage(): Promise<Usage>;
}

/** Starts a server. Throws what it says when it cannot be what it is told to be. */
export async function startServer(role: Role): Promise<BenchServer> {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.send(role);
  const [said]: { port?: number; error?: string }[] = await once(child, 'message');
  if (said?.port === undefined) {
    child.kill();
    throw new Error(said?.error ?? 'the server did not start');
  }
  return {
    origin: `http://127.0.0.1:${said.port}`,
    usage: async () => {
      child.send('usage');
      const [used]: Usage[] = await once(child, 'message');
      return used ?? { cpuMs: 0, rssMb: 0 };
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
