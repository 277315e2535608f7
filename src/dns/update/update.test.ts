import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  KEY,
  NEEDS,
  OF_EACH,
  PEERS,
  READER,
  record,
  refusal,
  signal,
  startUpdateScene,
  type UpdateScene,
  updater,
} from '../../../test/support/update-scene.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { hours } from '../../kit/time.ts';
import { exchange } from '../resolver/exchange.ts';
import { toTsigKey } from './tsig.ts';
import type { UpdateOptions } from './update.ts';

let scene: UpdateScene | undefined;
const port = (): number => scene?.port ?? 0;

before(async () => {
  if (NEEDS.skip === false) scene = await startUpdateScene();
});
after(() => scene?.stop());

/** The values at a name, as the server answers them now. */
async function valuesAt(address: string, name: string): Promise<string[]> {
  const question = { address, port: port(), name, type: 'TXT' as const };
  const heard = await exchange(question, { tries: 2, spend: () => true, signal });
  assert.equal(heard.kind, 'reply');
  return heard.kind === 'reply' ? heard.reply.answers.map(({ data }) => data).toSorted() : [];
}

for (const { peer, address } of PEERS) {
  test(`${peer}: values come and go one by one under one name, in zones found by SOA`, NEEDS, async () => {
    const name = '_acme-challenge.www.a.test';
    const deep = '_acme-challenge.x.y.sub.a.test';
    const publisher = updater(address, port());
    await publisher.add(
      [record(name, 'one'), record(name, 'two "quoted" \\'), record(deep, 'three')],
      signal,
    );
    assert.deepEqual(await valuesAt(address, name), ['one', 'two "quoted" \\']);
    assert.deepEqual(await valuesAt(address, deep), ['three']);
    await publisher.remove([record(name, 'one'), record(name, 'never there')], signal);
    assert.deepEqual(await valuesAt(address, name), ['two "quoted" \\']);
    await publisher.remove([record(name, 'two "quoted" \\'), record(deep, 'three')], signal);
    assert.deepEqual(await valuesAt(address, name), []);
    assert.deepEqual(await valuesAt(address, deep), []);
  });

  test(
    `${peer}: what is there already stays, and adding or removing twice is no failure`,
    NEEDS,
    async () => {
      const publisher = updater(address, port());
      const [kept, added] = [
        record('_acme-challenge.b.test', 'kept'),
        record('_acme-challenge.B.test.', 'new'),
      ];
      await publisher.add([kept, added], signal);
      await publisher.add([kept, added], signal);
      assert.deepEqual(await valuesAt(address, kept.txtName), ['kept', 'new']);
      await publisher.remove([added], signal);
      await publisher.remove([added], signal);
      assert.deepEqual(await valuesAt(address, kept.txtName), ['kept']);
    },
  );

  test(`${peer}: keys of every algorithm are good`, NEEDS, async () => {
    const name = '_acme-challenge.each.a.test';
    for (const key of OF_EACH) {
      const publisher = updater(address, port(), { key: toTsigKey(key) });
      await publisher.add([record(name, key.name)], signal);
      assert.deepEqual(await valuesAt(address, name), [key.name]);
      await publisher.remove([record(name, key.name)], signal);
    }
  });

  test(`${peer}: a configured zone works too, with many records`, NEEDS, async () => {
    const publisher = updater(address, port(), { zone: 'A.test.' });
    const records = Array.from({ length: 90 }, (_, n) => record('_acme-challenge.many.a.test', `v${n}`));
    await publisher.add(records, signal);
    assert.equal((await valuesAt(address, '_acme-challenge.many.a.test')).length, 90);
    await publisher.remove(records, signal);
    assert.deepEqual(await valuesAt(address, '_acme-challenge.many.a.test'), []);
  });

  const refusals: readonly (readonly [
    why: string,
    more: Partial<UpdateOptions>,
    name: string,
    words: RegExp,
  ])[] = [
    [
      'another secret',
      { key: toTsigKey({ ...KEY, secret: randomBytes(32).toString('base64') }) },
      '_acme-challenge.a.test',
      /^the name server 127\.0\.74\.\d \(port \d+\) has another secret for the TSIG key "packs\.key" \(BADSIG\); give both/,
    ],
    [
      'a key that the server does not know',
      { key: toTsigKey({ ...KEY, name: 'stranger' }) },
      '_acme-challenge.a.test',
      /does not know the TSIG key "stranger" with hmac-sha256, or not for this zone \(BADKEY\); configure/,
    ],
    [
      'another algorithm for a known key',
      { key: toTsigKey({ ...KEY, algorithm: 'hmac-sha512' }) },
      '_acme-challenge.a.test',
      /does not know the TSIG key "packs\.key" with hmac-sha512, or not for this zone \(BADKEY\)/,
    ],
    [
      'a key that may not update',
      { key: toTsigKey(READER) },
      '_acme-challenge.a.test',
      peer === 'Knot'
        ? /does not know the TSIG key "reader" with hmac-sha256, or not for this zone \(BADKEY\)/
        : /does not let the key "reader" change TXT at _acme-challenge\.a\.test \(REFUSED\); allow that in its policy for the zone a\.test$/,
    ],
    [
      'a clock of ours that is behind',
      { clock: new VirtualClock(-hours(1)) },
      '_acme-challenge.a.test',
      /finds our signature too old or too new, its clock is 3(599|600|601) s ahead of ours \(BADTIME\); set both clocks right$/,
    ],
    [
      'a name whose zone it does not have',
      {},
      '_acme-challenge.elsewhere.test',
      /does not answer for the zone of _acme-challenge\.elsewhere\.test; let it serve/,
    ],
    [
      'a configured zone that it does not have',
      { zone: 'elsewhere.test' },
      '_acme-challenge.elsewhere.test',
      /is not the primary of the zone elsewhere\.test \(NOTAUTH\); name the server that is/,
    ],
    [
      'a configured zone that does not hold the name',
      { zone: 'b.test' },
      '_acme-challenge.a.test',
      /is configured for the zone b\.test, which does not hold _acme-challenge\.a\.test$/,
    ],
    [
      'a name with a CNAME, where the addition would come to nothing',
      {},
      '_acme-challenge.cname.a.test',
      /has a CNAME at _acme-challenge\.cname\.a\.test, beside which there can be no TXT \(YXRRSET\); remove the CNAME/,
    ],
  ];
  for (const [why, more, name, words] of refusals) {
    test(`${peer}: refused in words: ${why}`, NEEDS, async () => {
      await assert.rejects(updater(address, port(), more).add([record(name)], signal), refusal(words));
      assert.deepEqual(
        (await valuesAt(address, name)).filter((value) => value === 'one'),
        [],
      );
    });
  }
}

test('names and values that cannot be a TXT are refused before anything is sent', async () => {
  const publisher = updater('127.0.74.3', 1);
  await assert.rejects(publisher.add([record('a b.test')], signal), refusal(/^"a b\.test" is no host name$/));
  for (const value of ['', 'x'.repeat(256), 'ü', 'a\nb'])
    await assert.rejects(
      publisher.add([record('a.test', value)], signal),
      refusal(/is not 1 to 255 ASCII characters$/),
    );
});
