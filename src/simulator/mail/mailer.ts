import type { Transporter } from 'nodemailer';
import type { CaMail, NotSent, OutgoingMail } from '../ca/context.ts';
import type { MailServerAddress } from '../simulator.ts';

/** Milliseconds for each part of a conversation with the mail server. */
const PATIENCE = { connectionTimeout: 5_000, greetingTimeout: 5_000, socketTimeout: 10_000 };

/** Sends mail over SMTP, by one server that takes it all. Never rejects. */
export function newMailer(server: () => Promise<MailServerAddress>): CaMail['send'] {
  return async (mail) => {
    const transport = await transportTo(await server());
    try {
      await transport.sendMail(toMessage(mail));
      return undefined;
    } catch (error) {
      return notSent(error);
    } finally {
      transport.close();
    }
  };
}

/** Loaded only when the first mail is sent: few worlds send any. */
async function transportTo({ host, port }: MailServerAddress): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  const only = { disableFileAccess: true, disableUrlAccess: true };
  return createTransport({ host, port, secure: false, name: 'ca.certpacks.test', ...PATIENCE, ...only });
}

/** Addresses are given apart from their names and once more as the envelope, so that nothing in them is read as a list. */
const toMessage = ({ from, to, subject, text, date }: OutgoingMail) => ({
  from,
  to: { name: '', address: to },
  envelope: { from: from.address, to: [to] },
  subject,
  text,
  date,
  headers: { 'Auto-Submitted': 'auto-generated' },
});

/** A server that answers 5yz will not take it another time (RFC 5321 4.2.1). */
function notSent(error: unknown): NotSent {
  const { responseCode, response } = isSmtpError(error) ? error : NOTHING;
  const said = response ?? (error instanceof Error ? error.message : String(error));
  const words = said.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 200);
  const isForGood = responseCode !== undefined && responseCode >= 500;
  return { why: `the mail server ${isForGood ? 'refused it' : 'did not take it'} (${words})`, isForGood };
}

interface SmtpError extends Error {
  readonly responseCode?: number;
  readonly response?: string;
}
const NOTHING: Partial<SmtpError> = {};

const isSmtpError = (error: unknown): error is SmtpError => error instanceof Error && 'code' in error;
