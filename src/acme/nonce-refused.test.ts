/** Nonces as servers give and refuse them (RFC 8555 6.5, 7.2). */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { simulatedCa, type TestRule } from '../../test/support/simulator/simulated-ca.ts';
import { refusing } from '../simulator/ca/message.ts';
import { Refusal } from '../simulator/ca/problems.ts';
import { AcmeClient } from './client.ts';

const signal = AbortSignal.timeout(60_000);

/** A client of a simulated CA that goes wrong by `rules`, an order that another made there, and the requests since then. */
async function givenOrder(t: TestContext, rules: readonly TestRule[]) {
  const ca = await simulatedCa(t);
  const { row } = ca;
  const options = { directoryUrl: row.directoryUrl, tlsRoots: row.tlsRoots ?? '' };
  const account = ca.newAccount();
  const { url } = await new AcmeClient(options).newOrder(account, { names: ['a.example'] }, signal);
  const before = ca.requests.length;
  ca.script(...rules);
  return { ca, account, url, client: new AcmeClient(options), requests: () => ca.requests.slice(before) };
}

it('sends the request again with the nonce of the answer that refused its nonce', async (t) => {
  const told: string[] = [];
  const refuse: TestRule = {
    on: 'order',
    times: 4,
    step: ({ newNonce }) => {
      const nonce = newNonce();
      told.push(nonce);
      return refusing(new Refusal('badNonce', 'no').document, { 'replay-nonce': nonce });
    },
  };
  const { client, ca, account, url, requests } = await givenOrder(t, [refuse]);
  await client.order(account, url, signal);
  const expected = ['GET directory', 'HEAD new-nonce', ...Array.from({ length: 5 }, () => 'POST order')];
  assert.deepEqual(requests(), expected);
  assert.deepEqual(
    ca.seen.slice(-4).map(({ header }) => header['nonce']),
    told,
  );
});

it('takes a nonce for refused where a server says so in words alone', async (t) => {
  const body = { detail: 'JWS has an invalid anti-replay nonce' };
  const refuse: TestRule = { on: 'order', times: 1, fault: 'answer', status: 400, body };
  const { client, account, url } = await givenOrder(t, [refuse]);
  assert.equal((await client.order(account, url, signal)).status, 'pending');
});

it('gets nonces by GET where the server does nothing about HEAD', async (t) => {
  for (const status of [405, 501, 404, 200]) {
    const deaf: TestRule = {
      on: 'new-nonce',
      times: 1,
      fault: 'patch',
      status,
      headers: { 'replay-nonce': null },
    };
    const { client, account, url, requests } = await givenOrder(t, [deaf]);
    assert.equal((await client.order(account, url, signal)).status, 'pending');
    assert.deepEqual(requests().slice(1, 3), ['HEAD new-nonce', 'GET new-nonce']);
  }
});

it('gives up on a server that refuses every nonce', async (t) => {
  const refuse: TestRule = { on: 'order', fault: 'answer', problem: 'badNonce' };
  const { client, account, url, requests } = await givenOrder(t, [refuse]);
  await assert.rejects(client.order(account, url, signal), { fault: 'ca_refused' });
  assert.equal(requests().filter((request) => request === 'POST order').length, 10);
});
