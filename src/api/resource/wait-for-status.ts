/** `wait_for` and `timeout` of GET certificate pack: the answer comes once it is in one of the statuses, or the time is over. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Seconds } from '../../kit/time.ts';
import { isSettled } from '../../pack/lifecycle.ts';
import { PACK_STATUSES, type PackKey, type PackStatus } from '../../pack/pack.ts';
import { type Query, readInteger, readText, refuse } from '../http/page.ts';
import type { PackWaits } from './pack-waits.ts';

/** Stands for every status in which nothing is under way. */
const SETTLED = 'settled';
/** In seconds. */
const TIMES = { least: 1, most: 300, default: 60 } as const;

/** The parameters, for the description. */
export const WAIT_PARAMETERS = {
  wait_for: Type.String({
    description: `Statuses, separated by commas; ${SETTLED}: ${PACK_STATUSES.filter(isSettled).join(', ')}`,
  }),
  timeout: Type.Integer({ minimum: TIMES.least, maximum: TIMES.most, default: TIMES.default }),
};

/** What a request waits for. */
interface Wish {
  readonly statuses: ReadonlySet<PackStatus>;
  readonly within: Seconds;
}

/** Reads the parameters; undefined: it does not wait. Throws `malformed_request` with a pointer. */
export function readWait(query: Query): Wish | undefined {
  const text = readText(query, 'wait_for');
  const within = readInteger(query, 'timeout', TIMES);
  return text === undefined ? undefined : { statuses: new Set(text.split(',').flatMap(statusesOf)), within };
}

function statusesOf(word: string): readonly PackStatus[] {
  if (word === SETTLED) return PACK_STATUSES.filter(isSettled);
  const status = PACK_STATUSES.find((one) => one === word);
  if (status) return [status];
  throw refuse('wait_for', `must be ${SETTLED}, or statuses of certificate packs separated by commas`);
}

/** Waits, as long as the client is there. Whether it is, afterwards. Throws `too_many_requests`. */
export async function waitForStatus(
  waits: PackWaits,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  { pack, ...wish }: Wish & { readonly pack: PackKey },
): Promise<boolean> {
  const { id: token, accountId: account } = request.token;
  if (reply.raw.closed) return false;
  const began = performance.now();
  await waits.until({ token, account }, { ...wish, pack }, (leave) => reply.raw.once('close', leave));
  request.waitedMs = performance.now() - began;
  // Whoever goes on waiting does so at another process.
  if (waits.isOver) reply.header('connection', 'close');
  return !reply.raw.closed;
}
