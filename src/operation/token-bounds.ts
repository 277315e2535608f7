import { Fault } from '../kit/fault.ts';
import { isNarrower } from '../pack/client-address.ts';
import { type Excess, excessOf } from '../pack/permission.ts';
import type { TokenTerms } from '../store/token-row.ts';

/** What a token may, from where and until when. */
type Rank = Pick<TokenTerms, 'policies' | 'requestIp' | 'expiresOn'>;

/** In what a token goes beyond `bounds`, with a pointer to it; undefined where it does not. */
export function beyond(
  token: Rank,
  bounds: Rank,
): { readonly what: string; readonly pointer: string } | undefined {
  const excess = excessOf(token.policies, bounds.policies);
  if (excess) return { what: wordsOf(excess), pointer: `/policies/${excess.index}` };
  if (bounds.requestIp && !isNarrower(token.requestIp ?? {}, bounds.requestIp))
    return { what: 'addresses beyond its own', pointer: '/condition/request_ip' };
  if (bounds.expiresOn && (!token.expiresOn || token.expiresOn > bounds.expiresOn))
    return { what: `a life beyond its own end, ${bounds.expiresOn.toISOString()}`, pointer: '/expires_on' };
  return undefined;
}

/** Throws `missing_permission` with a pointer where a token would outrank or outlive `bounds`, which are `whose`. */
export function checkBounds(token: Rank, bounds: Rank, whose = 'this token'): void {
  const excess = beyond(token, bounds);
  if (!excess) return;
  const { what, pointer } = excess;
  throw new Fault('missing_permission', `${whose} cannot give ${what}`, { pointer });
}

/** Throws `missing_permission` where a token may more than the one that is about to change it or take it away. */
export function checkRank(token: Pick<Rank, 'policies'>, actor: Pick<Rank, 'policies'>): void {
  const excess = excessOf(token.policies, actor.policies);
  if (!excess) return;
  const sentence = `this token cannot change one that has more than it: ${wordsOf(excess)}`;
  throw new Fault('missing_permission', sentence);
}

const wordsOf = ({ permission, zoneId }: Excess): string =>
  `'${permission}'${zoneId === undefined ? ' for all of the account' : ` for zone ${zoneId}`}`;
