/** Links and codes of mails: made once, known by their hashes alone, compared in constant time, good for one answer. */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { statusAt } from './authorizations.ts';
import type { CaContext } from './context.ts';
import type { Authorization, MailLink } from './ledger.ts';
import { Refusal } from './problems.ts';
import { settled } from './settled.ts';

/** What stands in a mail. */
export interface MailSecrets {
  /** Of the link: 256 random bits, in base64url. */
  readonly token: string;
  /** To be typed: 40 random bits in Crockford's base 32, in two groups. */
  readonly code: string;
}

/** What an answer comes to, or can come to: `open`, or why nothing comes of it any more. */
export type Standing = 'open' | 'unknown' | 'answered' | 'ended';

/** Wrong codes that one link takes. */
const MOST_WRONG_CODES = 5;

const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A link for one address in the place of those before it, known from now on. */
export function newMailLink(ca: CaContext, authorizationId: string, address: string): MailSecrets {
  const token = randomBytes(32).toString('base64url');
  const letters = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  const code = `${letters.slice(0, 4)}-${letters.slice(4)}`;
  const link: MailLink = {
    id: hashOf(token),
    authorizationId,
    address,
    code: hashOf(`${token} ${letters}`),
    state: 'open',
    wrongCodes: 0,
    delivery: 'unsent',
  };
  const older = ca.ledger
    .mailLinksOf(authorizationId)
    .filter((one) => one.address === address && one.state === 'open')
    .map((one): MailLink => ({ ...one, state: 'replaced' }));
  ca.ledger.record({ mailLinks: [...older, link] });
  return { token, code };
}

/** Notes what became of the mail with a link. */
export function noteDelivery(ca: CaContext, { token }: MailSecrets, delivery: MailLink['delivery']): void {
  const link = ca.ledger.mailLinks.get(hashOf(token));
  if (link) ca.ledger.record({ mailLinks: [{ ...link, delivery }] });
}

/** What a link's token leads to. */
export function standingOf(
  ca: CaContext,
  token: string,
): { readonly standing: Standing; readonly link?: MailLink; readonly authorization?: Authorization } {
  const link = ca.ledger.mailLinks.get(hashOf(token));
  const authorization = link && ca.ledger.authorizations.get(link.authorizationId);
  if (!link || !authorization) return { standing: 'unknown' };
  const isAnswered = authorization.challenge.status === 'valid';
  const isOpen = link.state === 'open' && isAwaited(ca, authorization);
  return { standing: isOpen ? 'open' : isAnswered ? 'answered' : 'ended', link, authorization };
}

/** Whether the CA waits for an answer to a mail: until the authorization ends, far within the 30 days of BR 3.2.2.4.4. */
export const isAwaited = (ca: CaContext, one: Authorization): boolean =>
  one.challenge.type === 'x-email-01' &&
  one.challenge.status === 'processing' &&
  statusAt(one, ca.clock.now()) === 'pending';

/** Takes an answer: the authorization is valid by the right code; after too many wrong ones the link is good for nothing. */
export function answer(ca: CaContext, token: string, typed: string): Standing | 'confirmed' | 'wrong' {
  const { standing, link, authorization } = standingOf(ca, token);
  if (standing !== 'open' || !link || !authorization) return standing;
  if (isCode(link, token, typed)) {
    const mailLinks: MailLink[] = [{ ...link, state: 'used' }];
    ca.ledger.record({ mailLinks, authorizations: [settled(ca, authorization, undefined)] });
    return 'confirmed';
  }
  const wrongCodes = link.wrongCodes + 1;
  const isSpent = wrongCodes >= MOST_WRONG_CODES;
  ca.ledger.record({ mailLinks: [{ ...link, wrongCodes, state: isSpent ? 'spent' : 'open' }] });
  if (isSpent) endWithoutLinks(ca, authorization);
  return 'wrong';
}

function isCode({ code }: MailLink, token: string, typed: string): boolean {
  const letters = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  return timingSafeEqual(Buffer.from(hashOf(`${token} ${letters}`)), Buffer.from(code));
}

/** Nobody can answer any more where wrong codes used up every mail. */
function endWithoutLinks(ca: CaContext, authorization: Authorization): void {
  if (ca.ledger.mailLinksOf(authorization.id).some(({ state }) => state === 'open')) return;
  const { name } = authorization;
  const detail = `too many wrong codes were entered for every mail about ${name}`;
  const { document } = new Refusal('unauthorized', detail, { identifier: { type: 'dns', value: name } });
  ca.ledger.record({ authorizations: [settled(ca, authorization, document)] });
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
