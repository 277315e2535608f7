/** Faults of what a simulated CA does, as a client sees them. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { AcmeClient, challengeOf, said } from '../../../test/support/simulator/acme-client.ts';
import { faulty, issued } from '../../../test/support/simulator/faulty.ts';
import { newCsr } from '../../../test/support/simulator/new-csr.ts';
import type { TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { control, givenWorld } from '../../../test/support/simulator/world.ts';
import { createCsr } from '../../ca/csr.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { days } from '../../kit/time.ts';
import { Ledger } from '../ca/ledger.ts';

const NAMES = ['a.example.com'];
const DAY = 86_400_000;

it('validation: control is not found of the host that is named, for the reason that is told', async (t) => {
  const { client } = await faulty(t, [
    {
      on: 'challenge',
      host: NAMES[0] ?? '',
      fault: 'validation',
      found: false,
      problem: 'caa',
      detail: 'no',
    },
  ]);
  const { body } = await client.order([...NAMES, 'b.example.com']);
  const [first, second] = await client.prove(body, async () => undefined);
  assert.deepEqual([first?.status, second?.status], ['invalid', 'valid']);
  const error = first?.challenges?.[0]?.error;
  assert.deepEqual([error?.type, error?.detail], ['urn:ietf:params:acme:error:caa', 'no']);
});

it('validation: control is found that nobody shows', async (t) => {
  const world = await givenWorld(t);
  const { lets_encrypt: ca } = world.ready.cas;
  const client = await AcmeClient.register(ca);
  t.after(() => client.close());
  const rule = { on: 'challenge', fault: 'validation', found: true };
  await control(world.ready.control, 'PUT /ca/lets_encrypt/faults', { faults: [rule] });
  const { body } = await client.order(NAMES);
  const [found] = await client.prove(body, async () => undefined);
  assert.equal(found?.status, 'valid');
});

it('issuance: the order is invalid after it was finalized, and says why', async (t) => {
  const { ca, client } = await faulty(t, [
    { on: 'finalize', fault: 'issuance', problem: 'rateLimited', detail: 'too many' },
  ]);
  const { body, headers } = await client.order(NAMES);
  await client.prove(body, async () => undefined);
  await assert.rejects(client.certificate(body, NAMES), /too many/);
  const order = await client.settled(String(headers['location']));
  assert.equal(order.status, 'invalid');
  assert.equal(order.error?.type, 'urn:ietf:params:acme:error:rateLimited');
  assert.equal(ca.server.ledger.certificates.size, 0);
});

it('leaf: is for other names, of another time, and a CA with the serial that is told', async (t) => {
  const { ca, client } = await faulty(t, [
    {
      on: 'finalize',
      fault: 'leaf',
      names: ['bank.example.com'],
      starts_in_s: days(2),
      lasts_s: days(1),
      is_ca: true,
      serial: '0102ab',
    },
  ]);
  const { body, headers } = await client.order(NAMES);
  await client.prove(body, async () => undefined);
  assert.match(await client.certificate(body, NAMES), /BEGIN/);
  const leaf = new X509Certificate([...ca.server.ledger.certificates.values()][0]?.chain ?? '');
  assert.equal(leaf.subjectAltName, 'DNS:bank.example.com');
  assert.ok(Math.abs(leaf.validFromDate.getTime() - Date.now() - 2 * DAY) < 60_000);
  assert.equal(leaf.validToDate.getTime() - leaf.validFromDate.getTime(), DAY);
  assert.equal(leaf.ca, true);
  assert.equal(leaf.serialNumber, '0102AB');
  const [kept] = ca.server.ledger.certificates.values();
  assert.deepEqual([kept?.hosts, kept?.notAfter], [['bank.example.com'], leaf.validToDate.toISOString()]);
  assert.equal((await client.settled(String(headers['location']))).status, 'valid');
});

it('leaf: has another key, of the same kind, or other names than can be read', async (t) => {
  const { ca, client } = await faulty(t);
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const own = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  const leafFor = async (rule?: TestRule) => {
    ca.script(...(rule ? [rule] : []));
    const { body, headers } = await client.order(NAMES);
    await client.prove(body, async () => undefined);
    await client.post(body.finalize ?? '', { csr: await newCsr(NAMES, { keys }) });
    const { certificate = '' } = await client.settled(String(headers['location']));
    return new X509Certificate((await client.post(certificate)).text);
  };
  assert.ok(own.equals(spkiOf(await leafFor())));
  const other = await leafFor({ on: 'finalize', fault: 'leaf', key: 'other' });
  assert.equal(other.publicKey.asymmetricKeyType, 'ec');
  assert.ok(!own.equals(spkiOf(other)));
  const nameless = await leafFor({ on: 'finalize', fault: 'leaf', subject_alt_name: '' });
  assert.equal(nameless.subjectAltName, undefined);
  const strange = await leafFor({ on: 'finalize', fault: 'leaf', subject_alt_name: '30ff' });
  assert.ok(strange.raw.includes(Buffer.from('0603551d11040230ff', 'hex')));
});

const spkiOf = ({ publicKey }: X509Certificate) => publicKey.export({ type: 'spki', format: 'der' });

it('stall: what comes after the answer never comes, or when its time has come', async (t) => {
  const clock = new VirtualClock();
  const { ca, client } = await faulty(t, [{ on: 'challenge', fault: 'stall', seconds: 3_600 }], { clock });
  const { body, headers } = await client.order(NAMES);
  const [url = ''] = body.authorizations ?? [];
  const { challenges = [] } = (await client.post(url)).body;
  await client.post(challenges[0]?.url ?? '', {});
  const statuses = async () => {
    const [one, order] = [await client.post(url), await client.post(String(headers['location']))];
    return [one.body.status, challengeOf(one.body).status, order.body.status];
  };
  await pause(100);
  assert.deepEqual(await statuses(), ['pending', 'processing', 'pending']);
  clock.advance(3_590);
  await pause(50);
  assert.deepEqual(await statuses(), ['pending', 'processing', 'pending']);
  clock.advance(10);
  await client.settled(url);
  assert.deepEqual(await statuses(), ['valid', 'valid', 'ready']);

  ca.script({ on: 'finalize', fault: 'stall' });
  await client.post(body.finalize ?? '', { csr: await newCsr(NAMES) });
  clock.advance(days(3));
  await pause(100);
  assert.equal((await client.post(String(headers['location']))).body.status, 'processing');
});

it('forget: the CA knows an order, or the account that asks, no longer, also after a restart', async (t) => {
  const { ca, client } = await faulty(t);
  const { headers } = await client.order(NAMES);
  const url = String(headers['location']);
  ca.script({ on: 'order', at: 1, fault: 'forget', what: 'object' });
  assert.equal(said(await client.post(url)), '404 malformed');
  ca.script({ on: 'new-order', at: 1, fault: 'forget', what: 'account' });
  const kid = client.kid ?? '';
  assert.equal(said(await client.order(NAMES)), '400 accountDoesNotExist');
  ca.script();
  assert.equal(said(await client.order(NAMES)), '400 accountDoesNotExist', 'for good');
  const kept = new Ledger(ca.journal);
  t.after(() => kept.close());
  assert.deepEqual([kept.accounts.size, kept.orders.size], [0, 0]);
  client.kid = undefined;
  assert.equal((await client.newAccount({})).status, 201, 'its key is nobody’s');
  assert.notEqual(client.kid, kid);
});

it('terms: authorizations are valid from the start and show no challenge, or serve no other order', async (t) => {
  const { ca, client } = await faulty(t, [{ on: 'new-order', fault: 'terms', presumes_control: true }]);
  const { body } = await client.order(NAMES);
  assert.equal(body.status, 'ready');
  const [found] = await Promise.all((body.authorizations ?? []).map((url) => client.post(url)));
  assert.deepEqual([found?.body.status, found?.body.challenges], ['valid', []]);
  assert.match(await client.certificate(body, NAMES), /BEGIN/);
  assert.equal((await client.order(NAMES)).body.authorizations?.[0], body.authorizations?.[0]);
  ca.script({ on: 'new-order', fault: 'terms', reuses_authorizations: false });
  assert.equal((await client.order(NAMES)).body.status, 'pending');
});

it('terms: tokens end early, and a certificate request needs a common name', async (t) => {
  const { ca, client } = await faulty(t, [{ on: 'new-order', fault: 'terms', token_life_s: 60 }]);
  const { body } = await client.order(NAMES);
  const left = Date.parse(body.expires ?? '') - Date.now();
  assert.ok(left > 50_000 && left <= 60_000);
  ca.script({ on: 'finalize', fault: 'terms', wants_common_name: true });
  await client.prove(body, async () => undefined);
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const csr = (await createCsr(key, NAMES)).toString('base64url');
  const refused = await client.post(body.finalize ?? '', { csr });
  assert.deepEqual([said(refused), refused.body.detail], ['400 badCSR', 'the CSR has no common name']);
  assert.match(await client.certificate(body, NAMES), /BEGIN/, 'this client sends one');
});

it('clock: is ahead or behind for what a request makes', async (t) => {
  const { ca, client } = await faulty(t, [{ on: 'new-order', fault: 'clock', ahead_s: -days(30) }]);
  const { body, headers } = await client.order(NAMES);
  assert.ok(Date.parse(body.expires ?? '') < Date.now());
  assert.equal((await client.post(String(headers['location']))).body.status, 'invalid');
  ca.script({ on: 'finalize', fault: 'clock', ahead_s: days(1) });
  const leaf = new X509Certificate(await issued(client, NAMES));
  assert.ok(Math.abs(leaf.validFromDate.getTime() - Date.now() - DAY) < 60_000);
});
