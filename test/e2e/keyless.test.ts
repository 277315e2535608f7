/** Keyless certificates from the API to a handshake: their keys in a token and behind a key server, and these away for a while. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { after, before, it } from 'node:test';
import { connect } from 'node:tls';
import { keylessNeeds } from '../support/keyless.ts';
import { bodyOf, givenKeyless, hostOf, type KeylessScene, printOf } from '../support/keyless-scene.ts';
import { until } from '../support/world.ts';

const NEEDED = keylessNeeds();
const ends = new AsyncDisposableStack();
let scene: KeylessScene;
const ids: Partial<Record<keyof KeylessScene['made'], string>> = {};
before(async () => {
  if (NEEDED.skip === false) scene = await givenKeyless(ends);
});
after(() => ends.disposeAsync());

for (const [name, algorithm, host] of [
  ['ec', 'ecdsa', undefined],
  ['p384', 'ecdsa', undefined],
  ['rsa', 'rsa', undefined],
  ['tokenEc', 'ecdsa', 'pkcs11:token=edge;object=k1'],
  ['tokenRsa', 'rsa', 'pkcs11:token=edge;id=%02;type=private'],
] as const)
  it(
    `a key of ${name} that is elsewhere serves over TLS 1.3 and 1.2, proven by handshake`,
    NEEDED,
    async () => {
      const { made, edge, atServer, bring, reach, shows } = scene;
      const one = made[name];
      const { id } = await bring(one, host === undefined ? atServer : { host, port: 1 });
      ids[name] = id;
      const pack = await reach(id, 'active');
      assert.equal(pack.type, 'keyless');
      assert.equal(await shows(one, algorithm), printOf(one));
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
        assert.equal(await bodyOf(edge, hostOf(one), version), `certpacks edge: ${hostOf(one)}`);
    },
  );

it('a key server that is away is an alarm, leaves the others be, and is back by itself', NEEDED, async () => {
  const { made, server, away, back, shows, eventsOf } = scene;
  const id = ids.ec ?? assert.fail();
  await server.stop();
  await away(
    id,
    /^ec\.shop\.test: the private key does not sign: key server 127\.0\.0\.1:\d+ cannot be used: nobody listens there; see to/,
  );
  assert.equal(await shows(made.ec), undefined);
  assert.equal(await shows(made.tokenEc), printOf(made.tokenEc));
  await back(ids.tokenEc ?? assert.fail());
  await server.start();
  await back(id);
  assert.equal(await shows(made.ec), printOf(made.ec));
  assert.deepEqual(await eventsOf(id), ['key_away', 'key_back']);
});

it('a token that is away is an alarm, leaves the others be, and is back by itself', NEEDED, async () => {
  const { made, token, away, back, shows, eventsOf } = scene;
  const id = ids.tokenEc ?? assert.fail();
  renameSync(token.dir, `${token.dir}-away`);
  await away(id, /: the private key does not sign: token edge/);
  assert.equal(await shows(made.tokenEc), undefined);
  assert.equal(await shows(made.ec), printOf(made.ec));
  renameSync(`${token.dir}-away`, token.dir);
  await back(id);
  assert.equal(await shows(made.tokenEc), printOf(made.tokenEc));
  assert.deepEqual(await eventsOf(id), ['key_away', 'key_back']);
});

it(
  'terminators that are killed break their own connections alone, and are there again for the next',
  NEEDED,
  async () => {
    const { made, edge, shows } = scene;
    const place = { host: edge.host, port: edge.port, servername: hostOf(made.ec) };
    const kept = connect({ ...place, rejectUnauthorized: false });
    await once(kept, 'secureConnect');
    const closed = once(kept, 'close');
    kept.on('error', () => undefined);
    const killed = terminators();
    assert(killed.length >= 2, 'one for key servers, and one for the token');
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    await closed;
    for (const one of [made.ec, made.tokenEc])
      await until(
        () => shows(one),
        (leaf) => leaf === printOf(one),
        10,
      );
  },
);

it('many clients at once are all served, and what they send comes through whole', NEEDED, async () => {
  const { made, edge } = scene;
  const asks = Array.from({ length: 120 }, (_, i) => hostOf(i % 2 === 0 ? made.ec : made.tokenEc));
  const bodies = await Promise.all(asks.map((host) => bodyOf(edge, host)));
  assert.deepEqual(
    bodies,
    asks.map((host) => `certpacks edge: ${host}`),
  );
});

it('clients that send nonsense, or go away in the middle, harm nobody', NEEDED, async () => {
  const { made, edge } = scene;
  for (let i = 0; i < 50; i++) {
    const below = connectTcp(edge.port, edge.host);
    below.on('error', () => undefined);
    const raw = connect({ socket: below, servername: hostOf(made.ec), rejectUnauthorized: false });
    raw.on('error', () => undefined);
    raw.once('secureConnect', () => below.end(randomBytes(200)));
    setTimeout(() => below.destroy(), i * 2);
  }
  assert.equal(await bodyOf(edge, hostOf(made.ec)), `certpacks edge: ${hostOf(made.ec)}`);
});

/** Processes that this one started to speak TLS. */
const terminators = (): number[] =>
  execFileSync('ps', ['-o', 'pid=,args=', '--ppid', `${process.pid}`])
    .toString()
    .split('\n')
    .filter((line) => line.includes('certpacks-terminator-'))
    .map(Number.parseFloat);
