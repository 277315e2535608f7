/** Mails of the simulated CAs as their readers see them, and the pages behind their links. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { CaMail, NotSent, OutgoingMail } from '../../src/simulator/ca/context.ts';
import type { ReceivedMail } from '../../src/simulator/mail/mail-server.ts';

/** What the control interface shows of the world's mail server. */
export interface MailState {
  readonly smtp: string;
  readonly is_up: boolean;
  readonly mails: readonly ReceivedMail[];
}

/** The link and the code in a mail. */
export interface MailAsks {
  readonly link: string;
  readonly code: string;
}

/** What a reader finds in a mail; fails where it has no link, or no code. */
export function asksOf(mail: Pick<ReceivedMail, 'text'> | undefined): MailAsks {
  assert.ok(mail, 'the mail came');
  const [, link = ''] = /^ {2}(https:\/\/127\.0\.0\.1:\d+\/mail\/[\w-]{43})$/m.exec(mail.text) ?? [];
  const [, code = ''] = /^ {2}([0-9A-Z]{4}-[0-9A-Z]{4})$/m.exec(mail.text) ?? [];
  assert.notEqual(link, '', mail.text);
  assert.notEqual(code, '', mail.text);
  return { link, code };
}

/** A page as it came. */
export interface Page {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly html: string;
}

/** How a page is asked for beside by GET. */
export interface PageAsk {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Opens a page of a simulated CA; `root` is PEM of the CA's root. */
export async function open(root: string, link: string, ask: PageAsk = {}): Promise<Page> {
  const { method = 'GET', headers = {}, body } = ask;
  const signal = AbortSignal.timeout(10_000);
  const sent = request(link, { method, headers, ca: root, servername: 'localhost', agent: false, signal });
  sent.end(body);
  const [answer]: IncomingMessage[] = await once(sent, 'response', { signal });
  assert.ok(answer);
  const html = Buffer.concat(await answer.toArray()).toString('utf8');
  return { status: answer.statusCode ?? 0, headers: answer.headers, html };
}

/** Enters a code on the page of a mail. */
export const enter = (root: string, link: string, code: string): Promise<Page> =>
  open(root, link, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ code }).toString(),
  });

/** Takes a CA's mails in the test's own process, in place of a mail server. */
export class Mailbox implements CaMail {
  readonly sent: OutgoingMail[] = [];
  /** Why no mail is taken, while it is set. */
  failure: NotSent | undefined;
  readonly contactsOf = async (): Promise<readonly string[]> => [];

  readonly send = async (mail: OutgoingMail): Promise<NotSent | undefined> => {
    if (this.failure) return this.failure;
    this.sent.push(mail);
    return undefined;
  };
}
