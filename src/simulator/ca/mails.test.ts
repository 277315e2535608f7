/** The challenge `x-email-01` by itself: links and codes, and what becomes of mails that nobody takes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { asksOf, enter, Mailbox, type MailState, open } from '../../../test/support/mail.ts';
import { AcmeClient } from '../../../test/support/simulator/acme-client.ts';
import { simulatedCa, type TestCa } from '../../../test/support/simulator/simulated-ca.ts';
import { givenOptions } from '../../../test/support/simulator/world.ts';
import { until } from '../../../test/support/world.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { days, minutes } from '../../kit/time.ts';
import { startWorld } from '../world.ts';

interface Given {
  readonly box: Mailbox;
  readonly ca: TestCa;
  readonly clock: VirtualClock;
  readonly root: string;
  readonly client: AcmeClient;
}

async function given(t: TestContext): Promise<Given> {
  const [box, clock] = [new Mailbox(), new VirtualClock()];
  const ca = await simulatedCa(t, { mail: box, clock });
  const root = ca.server.authority.root.pem;
  const client = await AcmeClient.register({ directory: ca.server.directory, rootPem: root });
  t.after(() => client.close());
  return { box, ca, clock, root, client };
}

interface Challenge {
  readonly type: string;
  readonly url: string;
  readonly status: string;
  readonly emails?: readonly string[];
  readonly error?: { readonly type: string; readonly detail: string };
}

interface Asked {
  readonly url: string;
  readonly challenge: Challenge;
}

/** A new order for a name, of which the CA was told that it is to be validated by mail. */
async function asked({ client }: Given, name = 'shop.test'): Promise<Asked> {
  const { body } = await client.order([name]);
  const url = body.authorizations?.[0] ?? '';
  const challenge = await challengeAt(client, url);
  await client.post(challenge.url, {});
  return { url, challenge };
}

async function challengeAt(client: AcmeClient, url: string): Promise<Challenge> {
  const { body } = await client.post(url);
  const all: readonly Challenge[] = JSON.parse(JSON.stringify(Object(body).challenges));
  return all.find(({ type }) => type === 'x-email-01') ?? assert.fail('there is the challenge');
}

const statusOf = async ({ client }: Given, url: string) => (await client.post(url)).body.status;
const sent = ({ box }: Given, count: number) =>
  until(
    async () => box.sent,
    (mails) => mails.length >= count,
  );

test('the challenge names its addresses before the CA is told, and nothing is sent until then', async (t) => {
  const world = await given(t);
  const { body } = await world.client.order(['shop.test', '*.shop.test']);
  for (const url of body.authorizations ?? [])
    assert.deepEqual((await challengeAt(world.client, url)).emails, [
      'admin@shop.test',
      'administrator@shop.test',
      'webmaster@shop.test',
      'hostmaster@shop.test',
      'postmaster@shop.test',
    ]);
  assert.deepEqual(world.box.sent, []);
});

test('what the CA keeps of its mails confirms nothing to who reads it', async (t) => {
  const world = await given(t);
  await asked(world);
  const mails = await sent(world, 5);
  const journal = readFileSync(world.ca.journal, 'utf8');
  for (const { link, code } of mails.map(asksOf)) {
    assert.ok(!journal.includes(link.split('/').at(-1) ?? '-'));
    assert.ok(!journal.includes(code) && !journal.includes(code.replace('-', '')));
  }
});

test('after five wrong codes a link is good for nothing, the right code included; the other mails stay', async (t) => {
  const world = await given(t);
  const { url } = await asked(world);
  const [first, second] = (await sent(world, 5)).map(asksOf);
  assert.ok(first && second);
  for (let i = 0; i < 4; i++) assert.equal((await enter(world.root, first.link, '0000-0000')).status, 403);
  assert.equal((await enter(world.root, first.link, '0000-0000')).status, 410);
  assert.equal((await enter(world.root, first.link, first.code)).status, 410);
  assert.equal((await open(world.root, first.link)).status, 410);
  assert.equal(await statusOf(world, url), 'pending');
  assert.equal((await enter(world.root, second.link, second.code)).status, 200);
  assert.equal(await statusOf(world, url), 'valid');
});

test('where wrong codes used up every mail the authorization is invalid, and says why', async (t) => {
  const world = await given(t);
  const { url } = await asked(world);
  for (const { link } of (await sent(world, 5)).map(asksOf))
    for (let i = 0; i < 5; i++) await enter(world.root, link, 'WRONG');
  assert.equal(await statusOf(world, url), 'invalid');
  const { error } = await challengeAt(world.client, url);
  assert.match(error?.type ?? '', /unauthorized$/);
  assert.match(error?.detail ?? '', /too many wrong codes/);
});

test('answers that come at the same moment count once', async (t) => {
  const world = await given(t);
  await asked(world);
  const { link, code } = asksOf((await sent(world, 5))[0]);
  const pages = await Promise.all(Array.from({ length: 8 }, () => enter(world.root, link, code)));
  assert.equal(pages.filter(({ status }) => status === 200).length, 1);
  assert.equal(pages.filter(({ status }) => status === 410).length, 7);
});

test('an authorization that was given up, or whose time is over, is confirmed by no mail', async (t) => {
  const world = await given(t);
  const { url } = await asked(world);
  const first = asksOf((await sent(world, 5))[0]);
  await world.client.post(url, { status: 'deactivated' });
  assert.equal((await enter(world.root, first.link, first.code)).status, 410);
  const later = await asked(world, 'later.test');
  const second = asksOf((await sent(world, 10))[5]);
  world.clock.advance(days(7));
  assert.equal((await enter(world.root, second.link, second.code)).status, 410);
  assert.equal(await statusOf(world, later.url), 'invalid');
});

test('mail that no server takes is told in the challenge and sent again, each time with another link', async (t) => {
  const world = await given(t);
  world.box.failure = { why: 'the mail server did not take it (451 busy)', isForGood: false };
  const { url } = await asked(world);
  const told = await until(
    () => challengeAt(world.client, url),
    ({ error }) => error !== undefined,
  );
  assert.equal(told.status, 'processing');
  assert.match(told.error?.detail ?? '', /no mail about shop\.test could be sent: .*451 busy/);
  world.box.failure = undefined;
  world.clock.advance(minutes(1));
  const { link, code } = asksOf((await sent(world, 5))[0]);
  assert.equal((await challengeAt(world.client, url)).error, undefined);
  assert.equal(world.ca.server.ledger.mailLinksOf(idOf(url)).length, 10, 'five were replaced');
  assert.equal((await enter(world.root, link, code)).status, 200);
});

test('where every address is refused for good the authorization is invalid', async (t) => {
  const world = await given(t);
  world.box.failure = { why: 'the mail server refused it (550 no such user)', isForGood: true };
  const { url } = await asked(world);
  await until(
    () => statusOf(world, url),
    (status) => status === 'invalid',
  );
  assert.match((await challengeAt(world.client, url)).error?.detail ?? '', /550 no such user/);
});

const idOf = (url: string): string => url.split('/').at(-1) ?? '';

test('forms that are none, and are too long, are refused and change nothing', async (t) => {
  const world = await given(t);
  const { url } = await asked(world);
  const { link, code } = asksOf((await sent(world, 5))[0]);
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const post = (body: string, headers: Readonly<Record<string, string>> = form) =>
    open(world.root, link, { method: 'POST', headers, body });
  assert.equal((await post(`code=${code}`, { 'content-type': 'text/plain' })).status, 415);
  assert.equal((await post(`code=${code}&x=${'x'.repeat(2_000)}`)).status, 413);
  assert.equal((await post('code=%00%ff<script>')).status, 403);
  assert.equal((await post('')).status, 403);
  assert.equal(await statusOf(world, url), 'pending');
});

test('no name can end a header: such orders are refused, and no mail is written', async (t) => {
  const world = await given(t);
  const names = [
    'a.test\r\nBcc: x@y.test',
    'a.test\nx',
    'a.test>',
    'a@b.test',
    'a,b.test',
    'a.test\u0000',
    '<b>.test',
  ];
  for (const name of names) {
    const { status, body } = await world.client.order([name]);
    assert.equal(status, 400, name);
    assert.match(body.type ?? '', /malformed$|rejectedIdentifier$/);
  }
  await asked(world, 'good.test');
  await sent(world, 5);
  assert.ok(
    world.box.sent.every(({ to, subject }) => /^[a-z]+@good\.test$/.test(to) && !/[\r\n]/.test(subject)),
  );
});

test('what was not sent when the CA ended is sent when it is back, to another mail server if told so', async (t) => {
  const options = givenOptions(t);
  const first = await startWorld({ ...options, smtp: { host: '127.0.0.1', port: 1 } });
  const client = await AcmeClient.register(first.ready.cas.lets_encrypt);
  t.after(() => client.close());
  const { body } = await client.order(['later.example']);
  const url = body.authorizations?.[0] ?? '';
  await client.post((await challengeAt(client, url)).url, {});
  await until(
    () => challengeAt(client, url),
    ({ error }) => error?.detail.includes('ECONNREFUSED') ?? false,
  );
  await first.close();
  const second = await startWorld(options);
  t.after(() => second.close());
  const state = async (): Promise<MailState> =>
    JSON.parse(await (await fetch(`${second.ready.control}/mail`)).text());
  const { mails } = await until(state, (one) => one.mails.length === 5);
  const { link, code } = asksOf(mails[0]);
  assert.equal((await enter(second.ready.cas.lets_encrypt.rootPem, link, code)).status, 200);
});
