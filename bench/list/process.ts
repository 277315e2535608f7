import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Role, Usage } from './server.ts';

/** A server in its own process. */
export interface BenchServer extends AsyncDisposable {
  readonly origin: string;
  usage(): Promise<Usage>;
  /** The same after a collection of what is not in use. */
  collected(): Promise<Usage>;
}

/** Starts a server. Throws what it says when it cannot be what it is told to be. */
export async function startServer(role: Role): Promise<BenchServer> {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [...process.execArgv, '--expose-gc'],
  });
  child.send(role);
  const [said]: { port?: number; error?: string }[] = await once(child, 'message');
  if (said?.port === undefined) {
    child.kill();
    throw new Error(said?.error ?? 'the server did not start');
  }
  const ask = async (what: 'usage' | 'collect') => {
    child.send(what);
    const [used]: Usage[] = await once(child, 'message');
    return used ?? { cpuMs: 0, rssMb: 0, heapMb: 0 };
  };
  return {
    origin: `http://127.0.0.1:${said.port}`,
    usage: () => ask('usage'),
    collected: () => ask('collect'),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
