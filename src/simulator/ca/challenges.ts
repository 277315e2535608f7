import { after } from '../../kit/time.ts';
import { challengeView, ownAuthorization, PROOF_LIFE, statusAt, typesOf } from './authorizations.ts';
import type { Answer, CaContext, Signed } from './context.ts';
import type { Account, Authorization, ChallengeType } from './ledger.ts';
import { type ProblemDocument, Refusal } from './problems.ts';

/** A challenge of a type, and the client's word that it can be validated (RFC 8555 7.5.1). */
export const onChallenge =
  (type: ChallengeType) =>
  (ca: CaContext, request: Signed, account: Account): Answer => {
    const found = ownAuthorization(ca, request, account);
    if (!typesOf(found).includes(type))
      throw new Refusal('malformed', `the authorization is not validated by ${type}`, { status: 404 });
    const isCalled = request.payload !== undefined && found.challenge.status === 'pending';
    const called = isCalled ? call(ca, found, type) : found;
    const up = `<${ca.url(`/acme/authorization/${found.id}`)}>;rel="up"`;
    return { status: 200, headers: { link: up }, body: challengeView(ca, called, type) };
  };

function call(ca: CaContext, pending: Authorization, type: ChallengeType): Authorization {
  const status = statusAt(pending, ca.clock.now());
  if (status !== 'pending')
    throw new Refusal('malformed', `the authorization is ${status}, no longer pending`);
  const called: Authorization = {
    ...pending,
    challenge: { ...pending.challenge, type, status: 'processing' },
  };
  ca.ledger.record({ authorizations: [called] });
  ca.later(() => validate(ca, called.id));
  return called;
}

/** Goes on with every validation that was under way when the process ended. */
export function resumeValidations(ca: CaContext): void {
  for (const {
    id,
    challenge: { status },
  } of ca.ledger.authorizations.values()) {
    if (status === 'processing') ca.later(() => validate(ca, id));
  }
}

/** Looks once for what the challenge asks for and settles challenge and authorization. */
async function validate(ca: CaContext, id: string): Promise<void> {
  const asked = ca.ledger.authorizations.get(id);
  if (asked?.challenge.status !== 'processing') return;
  const error = await problemOf(ca, asked);
  // The client may have deactivated it meanwhile.
  const now = ca.ledger.authorizations.get(id);
  if (now) ca.ledger.record({ authorizations: [settled(ca, now, error)] });
}

function settled(ca: CaContext, asked: Authorization, error: ProblemDocument | undefined): Authorization {
  const now = ca.clock.now();
  const isPending = asked.status === 'pending';
  if (error) {
    const challenge = { ...asked.challenge, status: 'invalid', error } as const;
    return { ...asked, challenge, status: isPending ? 'invalid' : asked.status };
  }
  const challenge = { ...asked.challenge, status: 'valid', validated: now.toISOString() } as const;
  if (!isPending) return { ...asked, challenge };
  return { ...asked, challenge, status: 'valid', expires: after(now, PROOF_LIFE).toISOString() };
}

/** What hinders the validation. */
function problemOf(ca: CaContext, { accountId, name, challenge }: Authorization) {
  const { token, type = 'dns-01' } = challenge;
  const thumbprint = ca.ledger.accounts.get(accountId)?.thumbprint ?? '';
  return ca.validate({ type, name, token, keyAuthorization: `${token}.${thumbprint}` });
}
