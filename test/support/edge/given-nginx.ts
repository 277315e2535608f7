/** nginx as a test has it: a process of its own in a folder of its own, as the examples have it configured. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DriverDeps, EdgeInHand, PlacedPack } from '../../../src/edge/driver.ts';
import type { ServedPack } from '../../../src/edge/edge.ts';
import type { Seconds } from '../../../src/kit/time.ts';
import { ALGORITHMS, type Algorithm } from '../../../src/pack/pack.ts';
import { install } from '../apt.ts';
import { freePort, isListening } from '../ports.ts';
import { fingerprintIn, quiet } from './given-service.ts';

export const NGINX = '/usr/sbin/nginx';

/** Whether there is an nginx; where CI says so it is installed. */
export function nginxNeeds(): { readonly skip: string | false } {
  if (!existsSync(NGINX) && process.env['CI'] === 'true') install('nginx-light');
  return { skip: existsSync(NGINX) ? false : 'needs nginx' };
}

/** Whom `defer` is told of what is to be ended. */
export type Ends = Pick<AsyncDisposableStack, 'defer'>;

/** In memory where there is such a place: what is tested is not how fast a disk is. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder that others may go through, as workers of nginx have to; it goes at the end. */
export function openFolder(ends: Ends): string {
  const folder = mkdtempSync(join(PLACE, 'cp-edge-'));
  chmodSync(folder, 0o755);
  ends.defer(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What stands in an example instead of what it says; each has to be there. */
export type Changes = Readonly<Record<string, string>>;

/** The text of an example, with `changes` made in it. */
export function exampleText(path: string, changes: Changes): string {
  let text = readFileSync(new URL(`../../../examples/${path}`, import.meta.url), 'utf8');
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`examples/${path} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** An nginx that can be stopped and started. */
export interface GivenNginx {
  readonly folder: string;
  readonly config: string;
  readonly pid: string;
  readonly port: number;
  /** 10 s at the longest, unless told. */
  start(longest?: Seconds): Promise<void>;
  /** Ends it at once, workers too. */
  kill(): Promise<void>;
  errors(): string;
}

/** An nginx that is not started yet; `text` is its configuration, of the folder and port that it is given. */
export async function givenNginx(
  ends: Ends,
  textOf: (folder: string, port: number) => string,
): Promise<GivenNginx> {
  const folder = openFolder(ends);
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  const log = join(folder, 'error.log');
  mkdirSync(join(folder, 'edge'), { mode: 0o700 });
  writeFileSync(config, textOf(folder, port));
  let running: ChildProcess | undefined;
  const kill = async () => {
    const ended = running && running.exitCode === null ? once(running, 'exit') : undefined;
    // Its workers end by themselves once their main process is gone without having said so; QUIT spares the wait.
    running?.kill('SIGTERM');
    await ended;
    running = undefined;
  };
  ends.defer(kill);
  const start = async (longest?: Seconds) => {
    running = spawn(NGINX, ['-c', config, '-g', 'daemon off;'], { stdio: 'ignore' });
    await listening(port, running, longest);
  };
  return {
    folder,
    config,
    port,
    pid: join(folder, 'nginx.pid'),
    start,
    kill,
    errors: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
  };
}

/** Resolves once something listens at a port; fails when it took longer, or when the process ended. */
export async function listening(port: number, process: ChildProcess, longest: Seconds = 10): Promise<void> {
  for (const begun = performance.now(); performance.now() - begun < longest * 1_000; ) {
    if (process.exitCode !== null) throw new Error(`it ended with ${process.exitCode}`);
    if (await isListening(port)) return;
    await sleep(20);
  }
  throw new Error(`nobody listens at ${port}`);
}

/** What a driver is given that has its folder in `dir`. */
export function driverDeps(dir: string, port: number, packFor: DriverDeps['packFor'] = nothing): DriverDeps {
  return { log: quiet(), dir, address: { host: '127.0.0.1', port }, packFor, fileFor: nothing };
}

const nothing = async (): Promise<undefined> => undefined;

/** A pack as it is placed: with all its names, unless told. */
export const placed = (
  { packId, hosts, certificates }: ServedPack,
  names: readonly string[] = hosts,
): PlacedPack => ({ packId, names, certificates });

/** A signal that ends by itself. */
export const soon = (): AbortSignal => AbortSignal.timeout(30_000);

/** Whose leaf an edge shows for a name, by algorithm: the name that the test gave it, or what it is instead. */
export async function shownFor(
  edge: EdgeInHand,
  name: string,
  packs: Readonly<Record<string, ServedPack>>,
): Promise<Record<Algorithm, string>> {
  const shown: Partial<Record<Algorithm, string>> = {};
  for (const algorithm of ALGORITHMS) {
    const leaf = await edge.verify({ name, algorithm }, soon());
    const known = Object.entries(packs).find(
      ([, pack]) => fingerprintIn(pack, algorithm) === leaf?.fingerprint,
    );
    shown[algorithm] = known?.[0] ?? leaf?.subject ?? 'nothing';
  }
  return { ecdsa: '', rsa: '', ...shown };
}

/** Both algorithms of one pack. */
export const both = (name: string): Record<Algorithm, string> => ({ ecdsa: name, rsa: name });
