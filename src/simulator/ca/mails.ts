/** The mails of the challenge `x-email-01`: to whom, and again until a mail server takes them. */
import type { Seconds } from '../../kit/time.ts';
import { constructedAddresses } from './authorizations.ts';
import type { CaContext, CaMail, NotSent } from './context.ts';
import type { Authorization } from './ledger.ts';
import { isAwaited, newMailLink, noteDelivery } from './mail-links.ts';
import { mailAbout } from './mail-words.ts';
import { type ProblemDocument, Refusal } from './problems.ts';
import { settled } from './settled.ts';

/** When what was not taken is sent again; the last one from then on. */
const WAITS: readonly Seconds[] = [5, 10, 30, 60, 300];

/** Sends a mail to each address that was not sent one, and again later to those whose mail was not taken. */
export async function sendMails(ca: CaContext, id: string, tries = 0): Promise<void> {
  const { mail } = ca;
  const asked = mail && (await withAddresses(ca, mail, id));
  if (!asked) return;
  const failures: NotSent[] = [];
  for (const address of unsentOf(ca, asked)) {
    const failure = await sendOne(ca, mail, { asked, address });
    if (failure) failures.push(failure);
  }
  settle(ca, id, failures);
  const wait = WAITS[Math.min(tries, WAITS.length - 1)];
  if (failures.some(({ isForGood }) => !isForGood)) ca.later(() => sendMails(ca, id, tries + 1), wait);
}

/** The authorization with the addresses to send to; undefined where no mail is awaited any more. */
async function withAddresses(ca: CaContext, mail: CaMail, id: string): Promise<Authorization | undefined> {
  const found = ca.ledger.authorizations.get(id);
  if (!found || !isAwaited(ca, found) || found.challenge.emails) return awaited(ca, id);
  const contacts = await mail.contactsOf(found.name);
  const now = awaited(ca, id);
  if (!now) return undefined;
  const emails = [...new Set([...constructedAddresses(now.name), ...contacts])];
  const asked = { ...now, challenge: { ...now.challenge, emails } };
  ca.ledger.record({ authorizations: [asked] });
  return asked;
}

/** It may have been deactivated, answered or ended meanwhile. */
function awaited(ca: CaContext, id: string): Authorization | undefined {
  const found = ca.ledger.authorizations.get(id);
  return found && isAwaited(ca, found) ? found : undefined;
}

function unsentOf({ ledger }: CaContext, { id, challenge: { emails = [] } }: Authorization): string[] {
  const done = ledger.mailLinksOf(id).filter(({ delivery }) => delivery !== 'unsent');
  return emails.filter((address) => !done.some((link) => link.address === address));
}

/** A link of its own for each try: a mail whose taking was not heard of has one that is good no longer. */
async function sendOne(
  ca: CaContext,
  mail: CaMail,
  { asked, address }: { readonly asked: Authorization; readonly address: string },
): Promise<NotSent | undefined> {
  if (!awaited(ca, asked.id)) return undefined;
  const secrets = newMailLink(ca, asked.id, address);
  const failure = await mail.send({ to: address, ...mailAbout(ca, asked, secrets) });
  if (!failure) noteDelivery(ca, secrets, 'sent');
  else if (failure.isForGood) noteDelivery(ca, secrets, 'refused');
  return failure;
}

/** Says in the challenge what keeps every mail from going out; where none ever will, control cannot be shown so. */
function settle(ca: CaContext, id: string, failures: readonly NotSent[]): void {
  const now = awaited(ca, id);
  if (!now) return;
  const [failure] = failures;
  const isAnySent = ca.ledger.mailLinksOf(id).some(({ delivery }) => delivery === 'sent');
  if (isAnySent || !failure) return tell(ca, now, undefined);
  const identifier = { type: 'dns', value: now.name };
  const detail = `no mail about ${now.name} could be sent: ${failure.why}`;
  const { document } = new Refusal('connection', detail, { identifier });
  if (failures.some(({ isForGood }) => !isForGood)) return tell(ca, now, document);
  ca.ledger.record({ authorizations: [settled(ca, now, document)] });
}

/** An error beside `processing` says that it is tried again (RFC 8555 8.2). */
function tell(ca: CaContext, one: Authorization, error: ProblemDocument | undefined): void {
  const { error: was, ...challenge } = one.challenge;
  if (was?.detail === error?.detail) return;
  ca.ledger.record({ authorizations: [{ ...one, challenge: { ...challenge, ...(error && { error }) } }] });
}
