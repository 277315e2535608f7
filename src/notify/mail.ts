/** Messages by mail, over one server of the operator's that takes them all. Text alone: nothing in it is markup. */
import type { SecureContext } from 'node:tls';
import type { Transporter } from 'nodemailer';
import { failed, type Message, type Outcome } from './notify.ts';
import { cut, oneLine, plain } from './text.ts';

/** The mail server, and who writes. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** Whether TLS begins at once; otherwise the conversation turns to it. */
  readonly isTlsAtOnce: boolean;
  /** Whether a server that offers no TLS is not spoken to. */
  readonly isTlsDemanded: boolean;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly from: string;
  /** What its certificate is held against. */
  readonly roots: () => SecureContext;
}

/** Milliseconds for the whole conversation, and for each part of it. */
const WITHIN = 10_000;
const PATIENCE = {
  connectionTimeout: 5_000,
  greetingTimeout: 5_000,
  socketTimeout: 8_000,
  dnsTimeout: 5_000,
};
const [MOST_TITLE, MOST] = [180, 60_000];

/** Sends one mail. Never rejects. */
export async function sendMail(server: MailServer, message: Message, to: string): Promise<Outcome> {
  const transport = await transportTo(server);
  try {
    const signal = AbortSignal.timeout(WITHIN);
    await transport.sendMail({ ...toMail(server, message, to), signal });
    return { kind: 'sent' };
  } catch (error) {
    return notSent(error);
  } finally {
    transport.close();
  }
}

/** Loaded only when the first mail is sent. */
async function transportTo(server: MailServer): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  const { host, port, user, password = '', roots } = server;
  return createTransport({
    host,
    port,
    secure: server.isTlsAtOnce,
    requireTLS: server.isTlsDemanded && !server.isTlsAtOnce,
    tls: { secureContext: roots() },
    ...(user !== undefined && { auth: { user, pass: password } }),
    disableFileAccess: true,
    disableUrlAccess: true,
    ...PATIENCE,
  });
}

/** The address is given apart from names and once more as the envelope: nothing in it is read as a list, or as a header. */
function toMail({ from }: MailServer, { id, accountId, policyName, body, madeOn }: Message, to: string) {
  const title = oneLine(body.title);
  const lines = [
    title,
    plain(body.text),
    body.link,
    `Policy: ${oneLine(policyName)}`,
    `Account: ${accountId}`,
  ];
  return {
    from: { name: 'certpacks', address: from },
    to: { name: '', address: to },
    envelope: { from, to: [to] },
    subject: cut(`[${body.severity}] ${title}`, MOST_TITLE),
    text: cut(lines.filter(Boolean).join('\n\n'), MOST),
    date: madeOn,
    // The same at each attempt: most mail programs show it once.
    messageId: `<${id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    references: `<${body.correlationId}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

/** What a server answers with 5yz it will not take another time (RFC 5321 4.2.1); but that it wants other credentials may pass. */
function notSent(error: unknown): ReturnType<typeof failed> {
  const { responseCode, response, code } = error instanceof Error ? (error as SmtpError) : NOTHING;
  const said = oneLine(response ?? (error instanceof Error ? error.message : '')).slice(0, 200);
  const isForGood = responseCode !== undefined && responseCode >= 550 && code !== 'EAUTH';
  return failed(
    `the mail server ${responseCode === undefined ? 'did not take it' : 'refused it'} (${said})`,
    {
      isForGood,
    },
  );
}

interface SmtpError extends Error {
  readonly responseCode?: number;
  readonly response?: string;
  readonly code?: string;
}
const NOTHING: Partial<SmtpError> = {};
