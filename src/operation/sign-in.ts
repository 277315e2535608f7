import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { after, hours, minutes } from '../kit/time.ts';
import { isAllowed } from '../pack/client-address.ts';
import { recordAudit } from '../store/audit.ts';
import {
  getTokenByHash,
  insertSession,
  newSessionSecret,
  type Session,
  tidySessions,
  useCode,
} from '../store/sessions.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import type { Token } from '../store/token-row.ts';
import { hashOf } from '../store/tokens.ts';
import { tokenEvent } from './token-event.ts';

/** How long a browser stays signed in. */
const SESSION_LIFE = hours(12);
/** How long the code of a sign-in link is good. */
const CODE_LIFE = minutes(10);
/** Sessions and codes of one token at a time: more than people have browsers. */
const MOST_OF_TOKEN = 50;

export interface SignInDeps {
  readonly pool: Pool;
  readonly clock: Clock;
  /** By which browsers count: the machine's time, also where that of packs is virtual. */
  readonly browserClock: Clock;
}

/** What shows who signs in: a token, or the code of a link that stands for one. */
export type SignInBy = { readonly token: string } | { readonly code: string };

/** From where. */
interface Origin {
  readonly ip: string;
  readonly request: string;
}

/** A session that was begun. */
export interface SignedIn extends Session {
  readonly token: Token;
  /** What the browser shows from then on: stored nowhere, only its hash is. */
  readonly secret: string;
}

/**
 * Signs a browser in: what it is given stands for the token, and may exactly what that may, for twelve hours, or until the token
 * is rolled, disabled or deleted, or ends. A code is used up by it. Throws `invalid_token` where token or code is not good,
 * `missing_permission` where the token is not for that address.
 */
export function signIn(
  { pool, clock, browserClock }: SignInDeps,
  by: SignInBy,
  { ip, request }: Origin,
): Promise<SignedIn> {
  const secret = newSessionSecret();
  return transaction(pool, async (tx) => {
    const [now, wall] = [clock.now(), browserClock.now()];
    const tokenHash = await tokenHashOf(tx, by, wall);
    const token = await getTokenByHash(tx, tokenHash, now);
    if (!token) throw new Fault('invalid_token', 'the API token is not valid here');
    if (token.requestIp && !isAllowed(token.requestIp, ip))
      throw new Fault('missing_permission', `this token cannot be used from ${ip}: its condition.request_ip`);
    const expiresOn = after(wall, SESSION_LIFE);
    await insertSession(tx, { secret, tokenHash, isCode: false, expiresOn });
    await tidySessions(tx, { tokenHash, most: MOST_OF_TOKEN }, wall);
    const actor = { id: token.id, name: token.name, address: ip, request };
    await recordAudit(tx, tokenEvent('sign_in', token, actor), now);
    return { token, secret, tokenHash, expiresOn };
  });
}

async function tokenHashOf(tx: Tx, by: SignInBy, wall: Date): Promise<Buffer> {
  if ('token' in by) return hashOf(by.token);
  const hash = await useCode(tx, by.code, wall);
  if (hash) return hash;
  throw new Fault('invalid_token', 'this sign-in link is not good any more: it works once, for ten minutes');
}

/** A code by which a browser signs in once, within ten minutes, for the token with that secret. */
export async function createSignInCode(
  { pool, browserClock }: Pick<SignInDeps, 'pool' | 'browserClock'>,
  tokenSecret: string,
): Promise<{ readonly code: string; readonly expiresOn: Date }> {
  const [code, tokenHash] = [newSessionSecret(), hashOf(tokenSecret)];
  const expiresOn = after(browserClock.now(), CODE_LIFE);
  await transaction(pool, async (tx) => {
    await insertSession(tx, { secret: code, tokenHash, isCode: true, expiresOn });
    await tidySessions(tx, { tokenHash, most: MOST_OF_TOKEN }, browserClock.now());
  });
  return { code, expiresOn };
}
