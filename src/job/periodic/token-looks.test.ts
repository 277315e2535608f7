/** Keys of packs in a token where whoever made them died between two lines: used again, or destroyed; never left, never shared. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { builtTerminator, givenToken, keylessNeeds } from '../../../test/support/keyless.ts';
import { labelsIn } from '../../../test/support/token-scene.ts';
import { OwnersKeys } from '../../keyless/owners-keys.ts';
import { loadConfig } from '../../kit/config.ts';
import { newLog } from '../../kit/log.ts';
import { noteTokenKey, takeTokenKey, useTokenKey } from '../../operation/take-token-key.ts';
import type { Pack } from '../../pack/pack.ts';
import { keylessSettingOf } from '../../serve/keyless-setting.ts';
import type { TokensOfPacks } from '../job.ts';
import { newKeyPlace, tokenDepsOf } from '../step/token-key.ts';
import { lookAtTokenKeys } from './token-looks.ts';

const needs = keylessNeeds();
const ends = new AsyncDisposableStack();
let deps: TestJobDeps & { readonly tokens: TokensOfPacks };
let dir: string;
before(async () => {
  if (needs.skip !== false) return;
  const token = givenToken(ends, 'edge', {});
  dir = token.dir;
  const options = { ...loadConfig({}).options, ...token.options, keyless_program: await builtTerminator() };
  const owners = new OwnersKeys(keylessSettingOf(options, dir), newLog('silent'));
  ends.defer(() => owners.close());
  const tokens = { isFor: () => true, label: 'edge', keys: owners.keysInTokens };
  deps = { ...(await startJobDeps(ends)), tokens };
});
after(() => ends.disposeAsync());

let zones = 0;
/** A pack as a worker has it. */
async function given(): Promise<Pack> {
  zones += 1;
  return packOf(deps, await givenPack(deps, await givenZone(deps, `token-${zones}.test`)));
}

/** The same after another worker took it. */
async function claimed({ id }: Pack): Promise<Pack> {
  await deps.pool.query('update packs set claim = claim + 1 where id = $1', [id]);
  return packOf(deps, id);
}

/** Lets looks come until nothing is retired any more. */
async function pass(): Promise<void> {
  for (let n = 0; n < 5; n += 1) {
    deps.clock.advance(61);
    await lookAtTokenKeys(deps, AbortSignal.timeout(20_000));
  }
}

const labelsOf = ({ id }: Pack): string[] => labelsIn(dir).filter((label) => label.includes(id));
const take = (pack: Pack) => takeTokenKey(deps, pack, 'ecdsa', 'edge');
const got = (pack: Pack) => tokenDepsOf(deps, pack)?.take({ pack, algorithm: 'ecdsa' }) ?? assert.fail();

test('a key that was made and is in no order is used by whoever goes on', needs, async () => {
  const pack = await given();
  const first = await got(pack);
  await pass();
  const second = await got(await claimed(pack));
  assert.equal(second.uri, first.uri);
  assert(second.publicKey.equals(first.publicKey));
  assert.equal(labelsOf(pack).length, 1);
});

test('one of which nobody knows whether it was made is destroyed, and another is made', needs, async () => {
  const pack = await given();
  const first = await take(pack);
  await deps.tokens.keys.make(first.uri, 'ecdsa');
  const second = await got(await claimed(pack));
  assert.notEqual(second.uri, first.uri);
  assert.equal(labelsOf(pack).length, 2);
  await pass();
  assert.equal(labelsOf(pack).length, 1);
  await assert.rejects(deps.tokens.keys.sign(first.uri, Buffer.from('x'), 'ecdsa'), {
    fault: 'signer_refused',
  });
  assert((await deps.tokens.keys.sign(second.uri, Buffer.from('x'), 'ecdsa')).length > 60);
});

test(
  'one that was to be in an order, and is in none, is destroyed when its worker lost the pack',
  needs,
  async () => {
    const pack = await given();
    const spare = await take(pack);
    await deps.tokens.keys.make(spare.uri, 'ecdsa');
    await noteTokenKey(deps, pack, spare);
    await useTokenKey(deps, pack, 'ecdsa');
    await pass();
    assert.equal(labelsOf(pack).length, 1);
    const next = await got(await claimed(pack));
    assert.notEqual(next.uri, spare.uri);
    await pass();
    assert.equal(labelsOf(pack).length, 1);
  },
);

test('keys of a pack that is gone are destroyed, also where they are there twice', needs, async () => {
  const pack = await given();
  const { uri } = await take(pack);
  await Promise.allSettled([1, 2, 3, 4].map(() => deps.tokens.keys.make(uri, 'ecdsa')));
  assert(labelsOf(pack).length > 0);
  await deps.pool.query('delete from packs where id = $1', [pack.id]);
  await pass();
  assert.deepEqual(labelsOf(pack), []);
  const { rows } = await deps.pool.query('select from token_keys where pack_id = $1', [pack.id]);
  assert.equal(rows.length, 0);
});

test('the keys of one run are in one place, whatever the operator says meanwhile', needs, async () => {
  const pack = await given();
  const work = {
    pack,
    run: {
      kind: 'life',
      status: pack.status,
      statusSince: new Date(),
      attempts: 0,
      certificateAuthority: undefined,
      certificates: [],
    },
  } as const;
  assert.equal(await newKeyPlace(deps, work, 'rsa'), 'token');
  assert.equal(
    await newKeyPlace({ ...deps, tokens: { ...deps.tokens, isFor: () => false } }, work, 'rsa'),
    'sealed',
  );
});
