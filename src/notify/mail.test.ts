/** Mails say what is told, as text, to one address, over TLS unless told otherwise. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { BODY } from '../../test/support/alerting.ts';
import { make, makeCa, pemOf } from '../../test/support/pki.ts';
import { systemClock } from '../kit/clock.ts';
import { rootsWith } from './http-exchange.ts';
import { type MailServer, sendMail } from './mail.ts';
import type { Message } from './notify.ts';

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly source: string;
}

/** A mail server on loopback that keeps what it is given. */
async function startMail(options: SMTPServerOptions = {}) {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, { envelope }, callback) => {
      const from = envelope.mailFrom ? envelope.mailFrom.address : '';
      const to = envelope.rcptTo.map(({ address }) => address);
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        mails.push({ from, to, source: Buffer.concat(parts).toString() });
        callback();
      });
    },
    ...options,
  });
  // Of a client that does not trust it.
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server on a port has one
  const { port } = server.server.address() as AddressInfo;
  const place: MailServer = {
    host: '127.0.0.1',
    port,
    isTlsAtOnce: false,
    isTlsDemanded: false,
    from: 'certificates@example.net',
    roots: () => NONE,
  };
  return {
    mails,
    place,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const NONE = rootsWith([]);

const MESSAGE: Message = {
  id: 'a'.repeat(32),
  accountId: 'b'.repeat(32),
  policyId: 'd'.repeat(32),
  policyName: 'certificates',
  alertType: 'dedicated_ssl_certificate_event_type',
  body: BODY,
  madeOn: new Date('2026-11-29T12:00:00Z'),
};

test('a mail has the words, the link, and an id that is the same at each attempt', async () => {
  await using server = await startMail();
  assert.deepEqual(await sendMail(server.place, MESSAGE, 'user@example.com'), { kind: 'sent' });
  const [mail] = server.mails;
  assert(mail);
  assert.deepEqual([mail.from, mail.to], ['certificates@example.net', ['user@example.com']]);
  assert.match(mail.source, /^Subject: \[error\] shop\.example\.test: An edge did not serve/m);
  assert.match(mail.source, new RegExp(`^Message-ID: <${MESSAGE.id}@example\\.net>`, 'm'));
  assert.match(mail.source, /^Auto-Submitted: auto-generated/m);
  assert.match(mail.source, /^It is your move: mend the edge\./m);
  assert.match(mail.source, /^Content-Type: text\/plain/m);
});

test('nothing in a name becomes a header, a second address, or markup', async () => {
  await using server = await startMail();
  const hostile = 'x\r\nBcc: victim@example.org\r\n\r\n<b>body</b>';
  const body = { ...BODY, title: hostile, text: hostile, link: undefined };
  const outcome = await sendMail(server.place, { ...MESSAGE, policyName: hostile, body }, 'user@example.com');
  assert.deepEqual(outcome, { kind: 'sent' });
  const [mail] = server.mails;
  assert.deepEqual(mail?.to, ['user@example.com']);
  const [head = ''] = (mail?.source ?? '').split('\r\n\r\n');
  assert.ok(!/^Bcc:/im.test(head));
  assert.match(head, /^Subject: \[error\] x Bcc: victim@example\.org <b>body<\/b>/m);
});

test('a server without TLS is not spoken to, unless that is told', async () => {
  await using server = await startMail();
  const outcome = await sendMail({ ...server.place, isTlsDemanded: true }, MESSAGE, 'user@example.com');
  assert.equal(outcome.kind, 'failed');
  assert.equal(server.mails.length, 0);
});

for (const isTlsAtOnce of [true, false])
  test(`a server is spoken to whose certificate leads to a root of the operator's, and no other, by ${isTlsAtOnce ? 'TLS at once' : 'STARTTLS'}`, async () => {
    const now = systemClock().now();
    const { root, intermediate } = await makeCa(now);
    const made = await make(now, { by: intermediate, hosts: ['mail.test'] });
    const tls = { key: pemOf(made), cert: made.pem + intermediate.pem };
    await using server = await startMail({ ...tls, secure: isTlsAtOnce, disabledCommands: [] });
    const place = { ...server.place, isTlsAtOnce, isTlsDemanded: true, host: 'localhost' };
    const outcome = await sendMail(place, MESSAGE, 'user@example.com');
    assert.match(outcome.kind === 'failed' ? outcome.why : '', /unable to get local issuer|self-signed/);
    const trusting = { ...place, roots: () => rootsWith([root.pem]) };
    const other = await sendMail(trusting, MESSAGE, 'user@example.com');
    assert.match(other.kind === 'failed' ? other.why : '', /localhost. is not in the cert|does not match/i);
    assert.equal(server.mails.length, 0);
    const named = await make(now, { by: intermediate, hosts: ['localhost'] });
    await using right = await startMail({
      ...tls,
      key: pemOf(named),
      cert: named.pem + intermediate.pem,
      secure: isTlsAtOnce,
      disabledCommands: [],
    });
    const at = { ...trusting, port: right.place.port };
    assert.deepEqual(await sendMail(at, MESSAGE, 'user@example.com'), { kind: 'sent' });
    assert.equal(right.mails.length, 1);
  });

test('an address that the server does not have is not tried again; a server that is busy is', async () => {
  for (const [code, isForGood] of [
    [550, true],
    [451, false],
  ] as const) {
    await using server = await startMail({
      onRcptTo: (_address, _session, callback) =>
        callback(Object.assign(new Error('not now'), { responseCode: code })),
    });
    const outcome = await sendMail(server.place, MESSAGE, 'user@example.com');
    assert.equal(outcome.kind === 'failed' && outcome.isForGood, isForGood);
    assert.match(outcome.kind === 'failed' ? outcome.why : '', /the mail server refused it \(.*not now/);
  }
});

test('a mail server that hangs is left after ten seconds', { timeout: 20_000 }, async () => {
  await using server = await startMail({ onMailFrom: () => undefined });
  const began = performance.now();
  const outcome = await sendMail(server.place, MESSAGE, 'user@example.com');
  assert.equal(outcome.kind, 'failed');
  assert.ok(performance.now() - began < 12_000);
});

test('a mail server that says a little now and then is left after ten seconds, and let go', {
  timeout: 20_000,
}, async () => {
  const server = createServer((socket) => {
    socket.write('220 mail.example.net\r\n');
    const timer = setInterval(() => socket.write('250-wait\r\n'), 1_000);
    socket.on('error', () => undefined).on('close', () => clearInterval(timer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server on a port has one
  const { port } = server.address() as AddressInfo;
  const began = performance.now();
  const place = { host: '127.0.0.1', port, isTlsAtOnce: false, isTlsDemanded: false };
  const outcome = await sendMail(
    { ...place, from: 'a@example.net', roots: () => NONE },
    MESSAGE,
    'user@example.com',
  );
  assert.equal(outcome.kind, 'failed');
  assert.ok(performance.now() - began < 12_000);
  // Ends only once nobody is connected.
  server.close();
  await once(server, 'close');
});
