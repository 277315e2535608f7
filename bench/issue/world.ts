import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Pebble, startPebble, untilUp } from '../../test/support/pebble.ts';
import { freePort } from '../../test/support/ports.ts';

/** A fresh Pebble, and a DNS in which control is shown. */
export interface IssueWorld {
  readonly pebble: Pebble;
  /** Adds a TXT record. */
  readonly publish: (name: string, value: string) => Promise<void>;
}

/**
 * Starts both; the DNS is Pebble's own pebble-challtestsrv. Pebble looks through all authorizations it ever made at each
 * order, so each measurement has its own.
 */
export async function startIssueWorld(ends: AsyncDisposableStack): Promise<IssueWorld> {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-issue-'));
  chmodSync(dir, 0o711);
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  const [dns, management] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', ''];
  const server = spawn('pebble-challtestsrv', ['-dns01', dns, '-management', management, ...off], {
    stdio: 'ignore',
  });
  ends.defer(async () => {
    if (server.exitCode === null && server.kill()) await once(server, 'exit');
  });
  const pebble = await startPebble(ends, { dir, name: 'bench', dns, nonceReject: 0, reuse: 0 });
  const publish = async (name: string, value: string) => {
    const body = JSON.stringify({ host: `${name}.`, value });
    const answer = await fetch(`http://${management}/set-txt`, { method: 'POST', body });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${name} cannot be published`);
  };
  await untilUp(() => publish('up.test', 'up'));
  return { pebble, publish };
}

/** How often something is done, how many at once, and how often before that for nothing. */
export interface Amount {
  readonly warmUp: number;
  readonly count: number;
  readonly atOnce: number;
}

/**
 * How many of `work` are done a second once it is warm: a program that has just begun runs at a third of its speed, until
 * what it does often is compiled. `work` is given numbers, no two the same.
 */
export async function perSecond(
  { warmUp, count, atOnce }: Amount,
  work: (n: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const until = async (end: number) => {
    const one = async () => {
      while (next < end) await work(next++);
    };
    await Promise.all(Array.from({ length: atOnce }, one));
  };
  await until(warmUp);
  const began = performance.now();
  await until(warmUp + count);
  return count / ((performance.now() - began) / 1_000);
}
