import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../kit/fault.ts';
import type { PackStatus } from '../pack/pack.ts';
import type { toPackJson } from '../pack/pack-json.ts';
import type { World } from './world.ts';

/** A pack as the API answers it. */
export type PackReply = ReturnType<typeof toPackJson> & {
  readonly backup_pack?: string;
  readonly backup_of?: string;
};

const LIMIT_MS = 60_000;
const LOOK_MS = 20;

/** Calls the API of a world. Throws a Fault with what was answered where that is no success. */
export async function call<T>(world: World, method: string, path: string, body?: object): Promise<T> {
  const { result }: { result: T } = JSON.parse(await answer(world, method, path, body));
  return result;
}

async function answer(world: World, method: string, path: string, body?: object): Promise<string> {
  const response = await fetch(world.api + path, {
    method,
    headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Fault('internal', `${method} ${path} answered ${response.status}: ${text}`);
  return text;
}

/** What was given up while nobody was there is begun anew when somebody asks. */
const GIVEN_UP = /_timed_out$|^expired$/;

/**
 * Asks for a pack until it is in one of these statuses, and tells of each on the way. What an earlier start left behind given
 * up is begun anew. Throws a Fault where it is not there within a minute.
 */
export async function reach(
  world: World,
  path: string,
  wanted: readonly PackStatus[],
  onStatus: (status: string) => void = () => undefined,
): Promise<PackReply> {
  const end = performance.now() + LIMIT_MS;
  let seen = '';
  for (;;) {
    const pack = await call<PackReply>(world, 'GET', path);
    if (pack.status !== seen) onStatus(pack.status);
    seen = pack.status;
    if (wanted.includes(pack.status)) return pack;
    if (performance.now() > end) throw new Fault('internal', notThere(pack, wanted));
    if (GIVEN_UP.test(seen)) await call(world, 'PATCH', path, {});
    await delay(LOOK_MS);
  }
}

const notThere = ({ id, status, validation_errors }: PackReply, wanted: readonly string[]): string =>
  `certificate pack ${id} is still ${status}, not ${wanted.join(' or ')}: ` +
  (validation_errors.map(({ message }) => message).join('; ') || 'no reason given');
