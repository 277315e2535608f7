import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createServer } from 'node:tls';
import { givenPort } from '../../test/support/edge/given-edge.ts';
import { type Made, make, makeCa, pemOf } from '../../test/support/pki.ts';
import { chainProblem } from './chain.ts';
import { showLeaf } from './handshake.ts';

const NAME = 'www.example.com';
const { signal } = new AbortController();
let ca: Record<'root' | 'first' | 'second', Made>;
let leaf: Made;
before(async () => {
  const now = new Date();
  const { root, intermediate: first } = await makeCa(now);
  const second = await make(now, { isCa: true, by: first });
  ca = { root, first, second };
  leaf = await make(now, { by: second, hosts: [NAME] });
});

/** What is said of an edge that is to show leaf, second and first, and sends these behind the leaf. */
async function said(
  t: { after(end: () => void): void },
  sent: readonly Made[],
  wanted = [ca.second, ca.first],
) {
  const pemsOf = (all: readonly Made[]) => [leaf, ...all].map(({ pem }) => pem).join('');
  const server = createServer({ cert: pemsOf(sent), key: pemOf(leaf) });
  t.after(() => server.close());
  const edge = { name: 'front', host: '127.0.0.1', port: await givenPort(server) };
  const shown = await showLeaf(edge, { name: NAME, algorithm: 'ecdsa' }, signal);
  return shown && chainProblem(pemsOf(wanted), shown);
}

test('a chain is as it is to be where all of it comes in its order, whatever comes behind', async (t) => {
  const { root, first, second } = ca;
  assert.equal(await said(t, [second, first]), undefined);
  assert.equal(await said(t, [second, first, root]), undefined);
  assert.equal(await said(t, [second, first], [second, first, root]), undefined, 'clients have the root');
});

test('an intermediate that is missing, or not in its place, is named', async (t) => {
  const { root, first, second } = ca;
  for (const sent of [[], [first], [root]])
    assert.equal(
      await said(t, sent),
      `without the intermediate certificate ${second.subject}, which clients need`,
    );
  assert.match((await said(t, [second])) ?? '', new RegExp(`without .*${first.subject}`));
  assert.equal(
    await said(t, [first, second]),
    `with its chain out of order: ${second.subject} is not certificate 2 of it`,
  );
});
