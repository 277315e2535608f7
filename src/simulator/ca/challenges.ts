import { challengeView, ownAuthorization, statusAt, typesOf } from './authorizations.ts';
import type { Answer, CaContext, Signed } from './context.ts';
import type { Account, Authorization, ChallengeType } from './ledger.ts';
import { sendMails } from './mails.ts';
import { Refusal } from './problems.ts';
import { settled } from './settled.ts';

/** A challenge of a type, and the client's word that it can be validated (RFC 8555 7.5.1). */
export const onChallenge =
  (type: ChallengeType) =>
  (ca: CaContext, request: Signed, account: Account): Answer => {
    const found = ownAuthorization(ca, request, account);
    if (!typesOf(ca, found).includes(type))
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
  ca.later(() => begin(ca, called));
  return called;
}

/** Goes on with every validation that was under way when the process ended. */
export function resumeValidations(ca: CaContext): void {
  for (const one of ca.ledger.authorizations.values()) {
    const { status } = one.challenge;
    if (status === 'processing') ca.later(() => begin(ca, one));
  }
}

/** A mail is answered by its reader, in time or not; for all else the CA looks. */
const begin = (ca: CaContext, { id, challenge }: Authorization): Promise<void> =>
  challenge.type === 'x-email-01' ? sendMails(ca, id) : validate(ca, id);

/** Looks once for what the challenge asks for and settles challenge and authorization. */
async function validate(ca: CaContext, id: string): Promise<void> {
  const asked = ca.ledger.authorizations.get(id);
  if (asked?.challenge.status !== 'processing') return;
  const error = await problemOf(ca, asked);
  // The client may have deactivated it meanwhile.
  const now = ca.ledger.authorizations.get(id);
  if (now) ca.ledger.record({ authorizations: [settled(ca, now, error)] });
}

/** What hinders the validation. */
function problemOf(ca: CaContext, { accountId, name, challenge }: Authorization) {
  const { token, type = 'dns-01' } = challenge;
  // Nothing that can be looked for: its page settles it.
  if (type === 'x-email-01') return new Refusal('unauthorized', 'no mail was answered').document;
  const thumbprint = ca.ledger.accounts.get(accountId)?.thumbprint ?? '';
  return ca.validate({ type, name, token, keyAuthorization: `${token}.${thumbprint}` });
}
