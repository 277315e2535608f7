import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { SMTPServer, SMTPServerSession } from 'smtp-server';
import type { Clock } from '../../kit/clock.ts';
import { newHexId } from '../../kit/id.ts';
import type { Log } from '../../kit/log.ts';
import { Journal } from '../journal.ts';
import type { MailServerAddress } from '../simulator.ts';

/** A mail that came. */
export interface ReceivedMail {
  readonly id: string;
  readonly received_on: string;
  /** Of the envelope, as `to`. */
  readonly from: string;
  readonly to: readonly string[];
  /** The first header field of each name, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** All behind the header, as it was before it was encoded for the way. */
  readonly text: string;
}

/** Mails that are kept; of the oldest, those beyond it are forgotten. */
const MOST_KEPT = 1_000;
/** In bytes. */
const LONGEST_MAIL = 256 * 1_024;

/**
 * The one mail server of the world: it takes all mail, for whomever, sends none on, and shows what came. It listens from its
 * first use on, as few worlds have any.
 */
export class MailServer {
  readonly #journal: Journal<ReceivedMail>;
  readonly #mails: ReceivedMail[] = [];
  readonly #clock: Clock;
  readonly #log: Log;
  #opening: Promise<SMTPServer> | undefined;
  #isShut = false;
  #port = 0;

  /** Reads what came before, in a folder. */
  constructor({ dir, clock, log }: { readonly dir: string; readonly clock: Clock; readonly log: Log }) {
    this.#journal = new Journal(join(dir, 'mail.jsonl'), (mail) => this.#keep(mail));
    this.#clock = clock;
    this.#log = log;
  }

  /** Where it listens, or would, if it was not shut. */
  async address(): Promise<MailServerAddress> {
    if (!this.#isShut) await this.open();
    return { host: '127.0.0.1', port: this.#port };
  }

  get isUp(): boolean {
    return this.#opening !== undefined;
  }

  /** What came, oldest first. */
  get mails(): readonly ReceivedMail[] {
    return this.#mails;
  }

  /** Listens on loopback, at the port of before where it did. */
  async open(): Promise<void> {
    this.#isShut = false;
    this.#opening ??= this.#listen();
    await this.#opening;
  }

  async #listen(): Promise<SMTPServer> {
    const { SMTPServer } = await import('smtp-server');
    const server = new SMTPServer({ ...WAYS, onData: (...came) => void this.#take(...came) });
    server.on('error', (error) => this.#log.debug({ err: error }, 'a conversation by mail failed'));
    server.listen(this.#port, '127.0.0.1');
    await once(server.server, 'listening');
    const at = server.server.address();
    if (typeof at === 'object' && at) this.#port = at.port;
    return server;
  }

  /** Nobody answers at its port from now on. */
  async shut(): Promise<void> {
    await this.address();
    this.#isShut = true;
    const server = await this.#opening;
    this.#opening = undefined;
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  async close(): Promise<void> {
    if (this.isUp) await this.shut();
    this.#journal.close();
  }

  async #take(
    stream: Readable & { readonly sizeExceeded?: boolean },
    { envelope }: SMTPServerSession,
    done: (error?: Error) => void,
  ): Promise<void> {
    try {
      const parts: Buffer[] = [];
      for await (const part of stream) if (!stream.sizeExceeded) parts.push(part);
      if (stream.sizeExceeded) return done(Object.assign(new Error('too long'), { responseCode: 552 }));
      const from = envelope.mailFrom ? envelope.mailFrom.address : '';
      const to = envelope.rcptTo.map(({ address }) => address);
      const mail = { id: newHexId(), received_on: this.#clock.now().toISOString(), from, to };
      const kept = { ...mail, ...partsOf(Buffer.concat(parts).toString('latin1')) };
      this.#journal.append(kept);
      this.#keep(kept);
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error('the mail could not be kept'));
    }
  }

  #keep(mail: ReceivedMail): void {
    this.#mails.push(mail);
    if (this.#mails.length > MOST_KEPT) this.#mails.shift();
  }
}

/** On loopback, for whoever asks: no log-in, no TLS, no question to anybody else. */
const WAYS = {
  name: 'mail.certpacks.test',
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  size: LONGEST_MAIL,
  maxClients: 100,
  socketTimeout: 30_000,
  closeTimeout: 500,
  logger: false,
};

/** Header and text of a message given as bytes (RFC 5322 2.1); folded lines of the header are put together. */
function partsOf(message: string): Pick<ReceivedMail, 'headers' | 'text'> {
  const end = message.indexOf('\r\n\r\n');
  const [head, body] = end < 0 ? [message, ''] : [message.slice(0, end), message.slice(end + 4)];
  const fields = head
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .map((line) => [line.split(':', 1)[0]?.toLowerCase() ?? '', line.slice(line.indexOf(':') + 1).trim()])
    .toReversed();
  const headers: Readonly<Record<string, string>> = Object.fromEntries(fields);
  const bytes = decoded(body, headers['content-transfer-encoding']?.toLowerCase());
  return { headers, text: bytes.toString('utf8').replaceAll('\r\n', '\n') };
}

/** RFC 2045 6.7 and 6.8. */
function decoded(body: string, encoding: string | undefined): Buffer {
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  if (encoding !== 'quoted-printable') return Buffer.from(body, 'latin1');
  const whole = body.replaceAll(/=[ \t]*\r\n/g, '');
  const plain = whole.replaceAll(/=([\da-f]{2})/gi, (_, pair: string) =>
    String.fromCharCode(Number.parseInt(pair, 16)),
  );
  return Buffer.from(plain, 'latin1');
}
