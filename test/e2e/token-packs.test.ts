/** Packs whose private keys are made in a token: from the order to the handshake, renewed, with the token away, deleted. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { days } from '../../src/kit/time.ts';
import { ALGORITHMS } from '../../src/pack/pack.ts';
import { leavesOf, shownBy } from '../support/handshakes.ts';
import { keylessNeeds } from '../support/keyless.ts';
import { bodyOf } from '../support/keyless-scene.ts';
import { givenTokenPacks, type TokenScene } from '../support/token-scene.ts';
import { until } from '../support/world.ts';

const NEEDED = keylessNeeds();
const ends = new AsyncDisposableStack();
let scene: TokenScene;
let id: string;
before(async () => {
  if (NEEDED.skip === false) scene = await givenTokenPacks(ends);
});
after(() => ends.disposeAsync());

/** Labels of the keys of a pack, of each so many. */
const keysOf = (pack: string, times = 1): string[] =>
  ALGORITHMS.flatMap((one) => Array.from({ length: times }, () => `certpacks-${pack}-${one}`));

/** Moves the clock by a minute or so again and again, until the keys in the token are those. */
const settle = (labels: readonly string[]): Promise<unknown> =>
  until(
    async () => {
      await scene.service.advance(61);
      return scene.labels();
    },
    (now) => now.join() === labels.join(),
    30,
  );

/** Whether a renewal of a pack has begun. */
async function begun(pack: string): Promise<boolean> {
  const sql = "select from audit where pack_id = $1 and event = 'renew'";
  return (await scene.service.pool.query(sql, [pack])).rows.length > 0;
}

it(
  'an order has its keys in the token, and is active once the edge has signed with both',
  NEEDED,
  async () => {
    const { order, reach, labels, edge, service } = scene;
    ({ id } = await order('shop.test'));
    await reach(id, 'active');
    assert.deepEqual(labels(), keysOf(id));
    const leaves = (await leavesOf(service, [id])).get(id);
    for (const algorithm of ALGORITHMS)
      assert.equal(await shownBy(edge, 'shop.test', algorithm), leaves?.[algorithm]);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
      assert.equal(await bodyOf(edge, 'shop.test', version), 'certpacks edge: shop.test');
  },
);

it('its explanation says in which token its keys are', NEEDED, async () => {
  const { service, of } = scene;
  const answer: { readonly result: { readonly notes: readonly string[] } } = await service.client.get(
    `/zones/${of.zone_id}/ssl/certificate_packs/${id}/explain`,
  );
  assert.deepEqual(answer.result.notes, ['its private keys are in the PKCS#11 token edge']);
});

it('the store has where a key is, and no key', NEEDED, async () => {
  const { rows } = await scene.service.pool.query<{ uri: string }>('select uri from token_keys order by uri');
  assert.equal(rows.length, 2);
  for (const { uri } of rows)
    assert.match(
      uri,
      /^pkcs11:token=edge;object=certpacks-[0-9a-f-]{36}-(?:ecdsa|rsa);id=(?:%[0-9a-f]{2}){16};type=private$/,
    );
});

it('a renewal has new keys, and the old ones are destroyed when the edge shows it', NEEDED, async () => {
  const { service, edge, read } = scene;
  const old = (await leavesOf(service, [id])).get(id);
  await service.advance(days(61));
  await until(
    async () => {
      await service.advance(3_600);
      return begun(id);
    },
    (is) => is,
    30,
  );
  // By minutes from here: certificates that are fetched days after they were made are told of as short.
  await until(
    async () => {
      await service.advance(61);
      return (await leavesOf(service, [id])).get(id);
    },
    (now) => now?.ecdsa !== old?.ecdsa && now?.rsa !== old?.rsa,
    30,
  );
  await settle(keysOf(id));
  const leaves = (await leavesOf(service, [id])).get(id);
  for (const algorithm of ALGORITHMS)
    assert.equal(await shownBy(edge, 'shop.test', algorithm), leaves?.[algorithm]);
  const { status, validation_errors: errors } = await read(id);
  assert.deepEqual([status, errors ?? []], ['active', []]);
});

/** What a pack says, and what was recorded of its keys, after a while. */
async function seen(pack: string) {
  const { service, read } = scene;
  await service.advance(61);
  const { status, validation_errors: errors } = await read(pack);
  const sql = "select event from audit where pack_id = $1 and event like 'key_%' order by made_on";
  const { rows } = await service.pool.query<{ event: string }>(sql, [pack]);
  return {
    status,
    words: (errors ?? []).map(({ message = '' }) => message).join(),
    events: rows.map(({ event }) => event).join(),
  };
}

type Seen = Awaited<ReturnType<typeof seen>>;
const see = (pack: string, is: (now: Seen) => boolean): Promise<Seen> => until(() => seen(pack), is, 30);

it(
  'while the token is away an order waits and says why, and goes on by itself when it is back',
  NEEDED,
  async () => {
    const { order, takeAway, bringBack } = scene;
    takeAway();
    const late = await order('late.shop.test');
    await see(late.id, ({ words }) => words.includes('token edge cannot be used'));
    await see(id, ({ words }) => words.includes('the private key does not sign: token edge'));
    const { status } = await see(late.id, ({ events }) => events === 'key_away');
    assert.equal(status, 'pending_issuance');
    bringBack();
    for (const pack of [id, late.id])
      await see(
        pack,
        (now) => now.status === 'active' && now.events === 'key_away,key_back' && now.words === '',
      );
  },
);

it('the keys of a deleted pack are destroyed once it is gone', NEEDED, async () => {
  const { service, of, reach, labels } = scene;
  const others = labels().filter((label) => !label.includes(id));
  await service.client.ssl.certificatePacks.delete(id, of);
  await reach(id, 'deleted');
  await settle(others);
  await until(
    () => service.pool.query('select from token_keys where pack_id = $1', [id]),
    ({ rows }) => rows.length === 0,
  );
});
