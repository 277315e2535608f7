/** What a CA writes: its mails, in plain text, and the pages behind their links. */
import type { CaContext, OutgoingMail } from './context.ts';
import type { Authorization } from './ledger.ts';
import type { MailSecrets } from './mail-links.ts';

/** Path of the page of a mail, before the link's token. */
export const MAIL_PATH = '/mail/';

/** A mail that asks whether a certificate is wanted. Its link is of this CA's own address, whatever a request named as host. */
export function mailAbout(
  ca: CaContext,
  { name, isWildcard, accountId, expires }: Authorization,
  { token, code }: MailSecrets,
): Omit<OutgoingMail, 'to'> {
  const { terms, clock } = ca;
  const lines = [
    `Somebody asked ${terms.organization} for a certificate for`,
    '',
    `  ${hostsIn({ name, isWildcard })}`,
    '',
    'and is',
    '',
    `  ${ca.url(`/acme/account/${accountId}`)}`,
    '',
    'If you answer for that name and want it, open this page',
    '',
    `  ${ca.url(MAIL_PATH + token)}`,
    '',
    'and enter the code',
    '',
    `  ${code}`,
    '',
    `until ${expires.slice(0, 16).replace('T', ' ')} UTC. If not, do nothing: no certificate`,
    'comes of this mail by itself, and opening the page alone confirms nothing.',
    '',
  ];
  return {
    from: { name: terms.organization, address: `validation@${terms.name.replace('_', '-')}.certpacks.test` },
    subject: `Confirm a certificate for ${name}`,
    text: lines.join('\n'),
    date: clock.now(),
  };
}

const hostsIn = ({ name, isWildcard }: Pick<Authorization, 'name' | 'isWildcard'>): string =>
  isWildcard ? `*.${name} (all names one label below ${name})` : name;

/** The page that asks for the code. `isAgain` after a wrong one. */
export function askingPage(ca: CaContext, asked: Authorization, isAgain: boolean): string {
  const account = ca.url(`/acme/account/${asked.accountId}`);
  return page(`Confirm a certificate for ${asked.name}?`, [
    `<p>${escape(account)} asked ${escape(ca.terms.organization)} for a certificate for
<strong>${escape(hostsIn(asked))}</strong>. It is issued only if you confirm that.</p>`,
    ...(isAgain ? ['<p role="alert">That was not the code.</p>'] : []),
    `<form method="post"><label>Code in the mail
<input name="code" autocomplete="off" maxlength="20" required></label>
<button>Confirm</button></form>`,
  ]);
}

/** A page that says one thing. */
export const sayingPage = (title: string, sentence: string): string =>
  page(title, [`<p>${escape(sentence)}</p>`]);

const page = (title: string, parts: readonly string[]): string =>
  [
    '<!doctype html>',
    '<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>${escape(title)}</title>`,
    `<h1>${escape(title)}</h1>`,
    ...parts,
    '</html>',
    '',
  ].join('\n');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (one) => ENTITIES[one] ?? '');
