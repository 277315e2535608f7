/** Cloudflare's own client orders with validation by e-mail: the CA writes, and whoever reads it confirms on the CA's page. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { ReceivedMail } from '../../src/simulator/mail/mail-server.ts';
import { asksOf, enter, type MailState, open } from '../support/mail.ts';
import { givenZone, orderOf, publish, reach } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

let world: DevWorld;
let root = '';
before(async () => {
  world = await startDev();
  root = (await world.tell<{ root_pem: string }>('GET', '/ca/lets_encrypt')).root_pem;
});
after(() => world.stop());

const packs = () => world.client.ssl.certificatePacks;
const byMail = { validation_method: 'email' } as const;
const FIVE = ['admin', 'administrator', 'webmaster', 'hostmaster', 'postmaster'];
const fiveAt = (name: string) => FIVE.map((local) => `${local}@${name}`);

/** Mails that came to addresses at a name, once there are so many of them. */
async function mailsAt(name: string, count: number): Promise<readonly ReceivedMail[]> {
  const read = async () =>
    (await world.tell<MailState>('GET', '/mail')).mails.filter((one) => one.to.join().endsWith(`@${name}`));
  return until(read, (mails) => mails.length >= count);
}

const said = async (zoneId: string, id: string) =>
  ((await packs().get(id, { zone_id: zoneId })).validation_errors ?? []).map(({ message }) => message ?? '');

it('an order by e-mail names the addresses, and is active once the reader of one mail entered its code on the page', async () => {
  const zone = await givenZone(world, 'partial');
  const { id, ...ordered } = await packs().create(orderOf(zone, byMail));
  assert.equal(ordered.validation_method, 'email');
  assert.deepEqual(ordered.dcv_delegation_records, []);
  assert.deepEqual(ordered.validation_records, [{ status: 'pending', emails: fiveAt(zone.name) }]);

  const mails = await mailsAt(zone.name, 5);
  assert.deepEqual(mails.flatMap(({ to }) => to).toSorted(), fiveAt(zone.name).toSorted());
  assert.equal(mails[0]?.headers['subject'], `Confirm a certificate for ${zone.name}`);
  const secrets = mails.map(asksOf);
  assert.equal(new Set(secrets.flatMap(({ link, code }) => [link, code])).size, 10, 'each has its own');
  const [waiting] = await until(
    () => said(zone.id, id),
    (messages) => messages.length > 0,
  );
  assert.equal(
    waiting,
    `lets_encrypt sent mail about ${zone.name} to the addresses in validation_records; ` +
      'follow the link in one of them for each host, and enter the code that stands there',
  );

  const { link, code } = secrets[3] ?? secrets[0] ?? { link: '', code: '' };
  const page = await open(root, link);
  assert.equal(page.status, 200);
  assert.match(page.html, /<form method="post">/);
  assert.equal((await enter(root, link, code)).status, 200);
  const pack = await reach(world, zone.id, id, { status: 'active' });
  assert.deepEqual(pack.validation_errors, []);
  assert.equal(pack.validation_records?.[0]?.status, 'valid');
  assert.equal(pack.certificates.length, 2);
  assert.equal((await mailsAt(zone.name, 5)).length, 5, 'the second certificate needs no other mail');
});

it('opening pages confirms nothing, as a scanner of links does; nor does a page of another mail or a code from nowhere', async () => {
  const zone = await givenZone(world, 'partial');
  const { id } = await packs().create(orderOf(zone, byMail));
  const mails = (await mailsAt(zone.name, 5)).map(asksOf);
  for (const { link, code } of mails) {
    for (const method of ['GET', 'HEAD', 'GET'])
      assert.equal((await open(root, link, { method })).status, 200);
    assert.equal((await open(root, `${link}?code=${code}`)).status, 404);
    assert.equal((await open(root, link, { method: 'PUT', body: `code=${code}` })).status, 405);
    assert.equal((await open(root, link, { method: 'POST', body: `code=${code}` })).status, 415);
  }
  const [first, second] = mails;
  assert.ok(first && second);
  const wrong = await enter(root, first.link, second.code);
  assert.equal(wrong.status, 403);
  assert.match(wrong.html, /That was not the code/);
  assert.equal((await enter(root, first.link, '')).status, 403);
  assert.equal((await enter(root, `${first.link.slice(0, -1)}_`, first.code)).status, 404);
  assert.equal((await packs().get(id, { zone_id: zone.id })).status, 'pending_validation');
  // Letters that look alike count as one, and so do small ones.
  assert.equal(
    (await enter(root, first.link, ` ${first.code.toLowerCase().replace('-', ' ')} `)).status,
    200,
  );
  await reach(world, zone.id, id, { status: 'active' });
});

it('an answer counts once: a replay, and an answer to another mail of the same question, change nothing', async () => {
  const zone = await givenZone(world, 'partial');
  const { id } = await packs().create(orderOf(zone, byMail));
  const [first, second] = (await mailsAt(zone.name, 5)).map(asksOf);
  assert.ok(first && second);
  assert.equal((await enter(root, first.link, first.code)).status, 200);
  for (const { link, code } of [first, second]) {
    const again = await enter(root, link, code);
    assert.equal(again.status, 410);
    assert.match(again.html, /confirmed already/);
    assert.equal((await open(root, link)).status, 410);
  }
  await reach(world, zone.id, id, { status: 'active' });
});

it('apex and wildcard are asked for by mails of their own, and both have to be confirmed', async () => {
  const zone = await givenZone(world, 'partial');
  const hosts = [zone.name, `*.${zone.name}`];
  const { id, ...ordered } = await packs().create(orderOf(zone, { ...byMail, hosts }));
  assert.equal(ordered.validation_records?.length, 2);
  const mails = await mailsAt(zone.name, 10);
  const [wild] = mails.filter(({ text }) => text.includes(`  *.${zone.name} (all names`));
  const [apex] = mails.filter(({ text }) => text.includes(`  ${zone.name}\n`));
  const one = asksOf(wild);
  assert.equal((await enter(root, one.link, one.code)).status, 200);
  const records = async () => (await packs().get(id, { zone_id: zone.id })).validation_records ?? [];
  await until(records, (all) => all.some(({ status }) => status === 'valid'));
  assert.equal((await packs().get(id, { zone_id: zone.id })).status, 'pending_validation');
  const other = asksOf(apex);
  assert.equal((await enter(root, other.link, other.code)).status, 200);
  await reach(world, zone.id, id, { status: 'active' });
});

it('the address in CAA records is written to as well, where it is one address and nothing else', async () => {
  const zone = await givenZone(world, 'partial');
  const host = `www.${zone.name}`;
  const contact = `dns+ca@contact-${zone.name}`;
  const tricks = [
    'a@b.test,c@d.test',
    'x@y.test\r\nBcc: z@y.test',
    '"q u"@y.test',
    '<x@y.test>',
    'x@y.test ',
  ];
  await publish(world, zone.name, 'CAA', [
    '0 issue "letsencrypt.org"',
    ...[contact, ...tricks.filter((one) => !one.includes('"'))].map((one) => `0 contactemail "${one}"`),
  ]);
  const { id } = await packs().create(orderOf(zone, { ...byMail, hosts: [host] }));
  const records = async () => (await packs().get(id, { zone_id: zone.id })).validation_records ?? [];
  const [record] = await until(records, ([one]) => (one?.emails?.length ?? 0) > 5);
  assert.deepEqual(record?.emails, [...fiveAt(host), contact]);
  const [mail] = await mailsAt(`contact-${zone.name}`, 1);
  const { link, code } = asksOf(mail);
  const { mails } = await world.tell<MailState>('GET', '/mail');
  assert.ok(!mails.some(({ to }) => to.some((one) => /@[by]\.test/.test(one))));
  assert.equal((await enter(root, link, code)).status, 200);
  await reach(world, zone.id, id, { status: 'active' });
});

it('a link lives no longer than its question: when the CA’s time for it is over, the mail confirms nothing', async () => {
  const zone = await givenZone(world, 'partial');
  await packs().create(orderOf(zone, byMail));
  const { link, code } = asksOf((await mailsAt(zone.name, 5))[0]);
  await world.tell('POST', '/clock', { advance_s: 7 * 86_400 + 60 });
  assert.equal((await open(root, link)).status, 410);
  assert.equal((await enter(root, link, code)).status, 410);
});

it('while the mail server is away the pack says so, and the CA sends its mails when it is back', async () => {
  const zone = await givenZone(world, 'partial');
  await world.tell('PUT', '/mail', { is_up: false });
  const { id } = await packs().create(orderOf(zone, byMail));
  const [why] = await until(
    () => said(zone.id, id),
    ([message = '']) => message.includes('could be sent'),
  );
  assert.match(
    why ?? '',
    new RegExp(`lets_encrypt refused ${zone.name}: no mail about ${zone.name} could be sent: `),
  );
  assert.match(
    why ?? '',
    /ECONNREFUSED.*; the CA sends it again; make sure that mail reaches one of the addresses$/,
  );
  await world.tell('PUT', '/mail', { is_up: true });
  await world.tell('POST', '/clock', { advance_s: 60 });
  const mails = (await mailsAt(zone.name, 5)).map(asksOf);
  assert.equal(mails.length, 5);
  const [{ link, code } = { link: '', code: '' }] = mails;
  assert.equal((await enter(root, link, code)).status, 200);
  await world.tell('POST', '/clock', { advance_s: 60 });
  await reach(world, zone.id, id, { status: 'active' });
});

it('a pack goes from TXT to mail and back by a change of its method', async () => {
  const zone = await givenZone(world, 'partial');
  const { id } = await packs().create(orderOf(zone));
  const change = (validation_method: 'email' | 'txt') =>
    world.client.ssl.verification.edit(id, { zone_id: zone.id, validation_method });
  assert.deepEqual({ ...(await change('email')) }, { status: 'pending_validation', ...byMail });
  const { link, code } = asksOf((await mailsAt(zone.name, 5))[0]);
  const one = async () => (await packs().get(id, { zone_id: zone.id })).validation_records?.[0];
  assert.deepEqual(await one(), { status: 'pending', emails: fiveAt(zone.name) });
  await change('txt');
  assert.match((await one())?.txt_name ?? '', /^_acme-challenge\./);
  // What was asked for before is no business of the new order: an answer to it brings the pack no certificate.
  await enter(root, link, code);
  assert.equal((await packs().get(id, { zone_id: zone.id })).status, 'pending_validation');
  await change('email');
  const later = (await mailsAt(zone.name, 10)).slice(5).map(asksOf);
  const [{ link: newer, code: newest } = { link: '', code: '' }] = later;
  assert.equal((await enter(root, newer, newest)).status, 200);
  await reach(world, zone.id, id, { status: 'active' });
});

it('the page takes its address from the CA alone, escapes what it shows, and is in no frame and no cache', async () => {
  const zone = await givenZone(world, 'partial');
  await packs().create(orderOf(zone, byMail));
  const { link } = asksOf((await mailsAt(zone.name, 5))[0]);
  const page = await open(root, link, { headers: { host: 'evil.test"><script>' } });
  assert.ok(!page.html.includes('evil') && !page.html.includes('<script'));
  assert.ok(!/action=|src=|href=/.test(page.html), 'it leads nowhere else');
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.equal(page.headers['referrer-policy'], 'no-referrer');
});
