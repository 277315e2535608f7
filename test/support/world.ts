import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type Cloudflare from 'cloudflare';
import { newClient } from './client.ts';
import { sharedEnvironment } from './database.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LIMIT_MS = 90_000;

/** The line that `certpacks dev --json` prints. */
export interface DevLine {
  readonly api: string;
  readonly token: string;
  readonly account_id: string;
  /** A link that signs a browser in, once. */
  readonly dashboard?: string;
  readonly control: string;
  readonly edges: Readonly<
    Record<'production' | 'staging', { readonly host: string; readonly port: number }>
  >;
  readonly dns: { readonly host: string; readonly port: number };
}

/** A running stand-in, with the vendor's client for it. */
export interface DevWorld extends DevLine {
  readonly client: Cloudflare;
  readonly pid: number;
  /** Calls the control interface; throws on a refusal. */
  tell<T>(method: string, path: string, body?: object): Promise<T>;
  /** The vendor's client with another token. */
  clientOf(token: string): Cloudflare;
  stop(): Promise<void>;
}

/** Starts `certpacks dev --json` as a user would, as a process of its own. */
export async function startDev(
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<DevWorld> {
  await using ends = new AsyncDisposableStack();
  const atEnd = { after: (end: () => unknown) => ends.defer(async () => void (await end())) };
  // What is to outlive this process has its database in its folder.
  const database = args.includes('--data') ? {} : await sharedEnvironment(atEnd);
  // Most tests begin with an empty list.
  const universal = args.includes('--universal') ? [] : ['--universal', 'off'];
  const child = spawn(process.execPath, [MAIN, 'dev', '--json', ...universal, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...database, ...environment },
  });
  const exit = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const [line] = await Promise.race([
    once(lines, 'line'),
    exit.then(([code]) => {
      throw new Error(`certpacks dev ended with ${String(code)} before it was ready`);
    }),
  ]);
  clearTimeout(timer);
  const dev: DevLine = JSON.parse(String(line));
  const rest = ends.move();
  const clientOf = (apiToken: string) => newClient({ apiToken, baseURL: dev.api });
  return {
    ...dev,
    pid: child.pid ?? 0,
    client: clientOf(dev.token),
    clientOf,
    tell: (method, path, body) => control(dev.control + path, method, body),
    stop: async () => {
      const killer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
      child.kill('SIGTERM');
      await exit;
      clearTimeout(killer);
      await rest.disposeAsync();
    },
  };
}

async function control<T>(url: string, method: string, body?: object): Promise<T> {
  const response = await fetch(url, {
    method,
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  const answer: T = JSON.parse(await response.text());
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** Asks again until `isDone`, for at most `seconds`; then fails with what was seen last. */
export async function until<T>(
  ask: () => Promise<T>,
  isDone: (seen: T) => boolean,
  seconds = 60,
): Promise<T> {
  const end = performance.now() + seconds * 1_000;
  for (;;) {
    const seen = await ask();
    if (isDone(seen)) return seen;
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
