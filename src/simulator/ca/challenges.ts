import { createHash } from 'node:crypto';
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

/** What hinders the validation, in the words in which public CAs tell it; undefined when control was shown. */
async function problemOf(ca: CaContext, { accountId, name, challenge }: Authorization) {
  const thumbprint = ca.ledger.accounts.get(accountId)?.thumbprint ?? '';
  const expected = `${challenge.token}.${thumbprint}`;
  const refuse = (problem: 'dns' | 'unauthorized' | 'connection', detail: string) =>
    new Refusal(problem, detail, { identifier: { type: 'dns', value: name } }).document;
  const problem = await (challenge.type === 'http-01'
    ? fileProblem(ca, `http://${name}/.well-known/acme-challenge/${challenge.token}`, expected)
    : txtProblem(ca, `_acme-challenge.${name}`, createHash('sha256').update(expected).digest('base64url')));
  return problem && refuse(...problem);
}

type Hindrance = readonly ['dns' | 'unauthorized' | 'connection', string] | undefined;

/** RFC 8555 8.4. */
async function txtProblem(ca: CaContext, txtName: string, expected: string): Promise<Hindrance> {
  const seen = await ca.lookUpTxt(txtName);
  if ('failure' in seen) return ['dns', `DNS problem: ${seen.failure} looking up TXT for ${txtName}`];
  const [first, ...more] = seen.texts;
  if (first === undefined) return ['unauthorized', `No TXT record found at ${txtName}`];
  if (seen.texts.includes(expected)) return undefined;
  const others = more.length > 0 ? ` (and ${more.length} more)` : '';
  const shown = JSON.stringify(first.slice(0, 100));
  return ['unauthorized', `Incorrect TXT record ${shown}${others} found at ${txtName}`];
}

/** RFC 8555 8.3. */
async function fileProblem(ca: CaContext, url: string, expected: string): Promise<Hindrance> {
  const seen = await ca.fetchFile(url);
  if ('failure' in seen) {
    const isAnswer = seen.failure.startsWith('Invalid response');
    return [isAnswer ? 'unauthorized' : 'connection', seen.failure];
  }
  if (seen.text.trimEnd() === expected) return undefined;
  const shown = JSON.stringify(seen.text.slice(0, 100));
  const sentence = `The key authorization file from the server did not match this challenge: ${shown} at ${url}`;
  return ['unauthorized', `${sentence} [${seen.from}]`];
}
