import { randomBytes } from 'node:crypto';
import { newHexId } from '../../kit/id.ts';
import { after, between, days, type Seconds } from '../../kit/time.ts';
import type { Answer, CaContext, Signed } from './context.ts';
import type { Account, Authorization, ChallengeType } from './ledger.ts';
import { Refusal } from './problems.ts';

/** How long control counts once it was shown. */
export const PROOF_LIFE: Seconds = days(30);

/** As on the wire: `valid` ends by time in `expired`, `pending` in `invalid` (RFC 8555 7.1.6). */
export type AuthorizationStatus = Authorization['status'] | 'expired';

/** The status at an instant. */
export function statusAt(authorization: Authorization, now: Date): AuthorizationStatus {
  const { status, expires } = authorization;
  if (between(now, new Date(expires)) > 0) return status;
  if (status === 'valid') return 'expired';
  return status === 'pending' ? 'invalid' : status;
}

/** For each name, the authorization of a new order: one that still holds where the CA reuses them, else a new one. */
export function authorizationsFor(
  ca: CaContext,
  accountId: string,
  names: readonly string[],
): Authorization[] {
  const now = ca.clock.now();
  return names.map((name) => {
    const proven = ca.terms.reusesAuthorizations ? ca.ledger.provenOf(accountId, name) : undefined;
    const isGood = proven !== undefined && statusAt(proven, now) === 'valid';
    return isGood ? proven : newAuthorization(ca, accountId, name);
  });
}

function newAuthorization({ terms, clock }: CaContext, accountId: string, name: string): Authorization {
  const isWildcard = name.startsWith('*.');
  const [status, life] = terms.presumesControl
    ? (['valid', PROOF_LIFE] as const)
    : (['pending', terms.tokenLife] as const);
  return {
    id: newHexId(),
    accountId,
    name: isWildcard ? name.slice(2) : name,
    isWildcard,
    status,
    expires: after(clock.now(), life).toISOString(),
    challenge: { token: randomBytes(32).toString('base64url'), status: 'pending' },
  };
}

/** One authorization (RFC 8555 7.5), and its deactivation (7.5.2). */
export function onAuthorization(ca: CaContext, request: Signed, account: Account): Answer {
  const found = ownAuthorization(ca, request, account);
  if (!request.payload) return authorizationAnswer(ca, found);
  if (request.payload['status'] !== 'deactivated') {
    throw new Refusal('malformed', 'the only change of an authorization is to status "deactivated"');
  }
  const status = statusAt(found, ca.clock.now());
  if (status !== 'pending' && status !== 'valid') {
    throw new Refusal('malformed', `an authorization that is ${status} cannot be deactivated`);
  }
  const changed: Authorization = { ...found, status: 'deactivated' };
  ca.ledger.record({ authorizations: [changed] });
  return authorizationAnswer(ca, changed);
}

/** The authorization that a request names, if it is the account's. Throws `malformed` or `unauthorized`. */
export function ownAuthorization(ca: CaContext, { id }: Signed, account: Account): Authorization {
  const found = ca.ledger.authorizations.get(id);
  if (!found) throw new Refusal('malformed', 'there is no such authorization', { status: 404 });
  if (found.accountId !== account.id)
    throw new Refusal('unauthorized', 'this authorization is of another account');
  return found;
}

function authorizationAnswer(ca: CaContext, authorization: Authorization): Answer {
  const body = {
    identifier: { type: 'dns', value: authorization.name },
    status: statusAt(authorization, ca.clock.now()),
    expires: authorization.expires,
    challenges: typesOf(ca, authorization).map((type) => challengeView(ca, authorization, type)),
    ...(authorization.isWildcard ? { wildcard: true } : {}),
  };
  return { status: 200, body };
}

/** The ways to show control: every one that fits until the client chose, then the one that it chose; none where it was presumed. */
export function typesOf(
  { mail }: Pick<CaContext, 'mail'>,
  { status, challenge, isWildcard }: Authorization,
): readonly ChallengeType[] {
  if (status === 'valid' && challenge.status === 'pending') return [];
  if (challenge.type !== undefined) return [challenge.type];
  // Journals of before name no type.
  if (challenge.status !== 'pending') return ['dns-01'];
  // A file shows nothing of the names below a wildcard (BR 3.2.2.4.19).
  return ['dns-01', ...(isWildcard ? [] : HTTP), ...(mail ? EMAIL : [])];
}

const HTTP = ['http-01'] as const;
const EMAIL = ['x-email-01'] as const;

/** The part of a challenge's path that says its type. */
const PATH_OF: Readonly<Record<ChallengeType, string>> = {
  'dns-01': 'challenge',
  'http-01': 'http-challenge',
  'x-email-01': 'email-challenge',
};

/** Its challenge as on the wire (RFC 8555 8). */
export const challengeView = (
  ca: CaContext,
  { id, name, challenge }: Authorization,
  type: ChallengeType,
) => ({
  ...(type === 'x-email-01' && { emails: constructedAddresses(name) }),
  ...challenge,
  type,
  url: ca.url(`/acme/${PATH_OF[type]}/${id}`),
});

/** RFC 5321 4.5.3.1.3, without the angle brackets. */
const LONGEST_ADDRESS = 254;

/** Addresses at a name that are its owner's by agreement (BR 3.2.2.4.4), as far as mail can have so long ones. */
export const constructedAddresses = (name: string): string[] =>
  ['admin', 'administrator', 'webmaster', 'hostmaster', 'postmaster']
    .map((local) => `${local}@${name}`)
    .filter((address) => address.length <= LONGEST_ADDRESS);
