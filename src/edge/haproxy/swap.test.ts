import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givenHaproxy, haproxyNeeds } from '../../../test/support/edge/given-haproxy.ts';
import { givenPlaced, leafIn } from '../../../test/support/edge/placed-packs.ts';
import { ALGORITHMS, type Algorithm } from '../../pack/pack.ts';
import type { EdgeInHand, PlacedPack } from '../driver.ts';

const HAPROXY = haproxyNeeds();

const { signal } = new AbortController();

/** As many as there is time for on a busy machine. */
const MOST_SWAPS = 300;
const LEAST_SWAPS = 8;
const TIME_MS = 5_000;

/** What clients saw that shook hands all the while. */
interface Seen {
  handshakes: number;
  failed: number;
  wrong: number;
  isOver: boolean;
}

/** Shakes hands for one name after the other until it is over; `isRight` judges a leaf by the name that was asked for. */
async function client(
  edge: EdgeInHand,
  names: readonly string[],
  seen: Seen,
  isRight: IsRight,
): Promise<void> {
  for (let i = 0; !seen.isOver; i++) {
    const name = names[i % names.length] ?? '';
    const algorithm = ALGORITHMS[(i >> 1) % 2] ?? 'rsa';
    const shown = await edge.verify({ name, algorithm }, signal).catch(() => undefined);
    seen.handshakes++;
    if (shown === undefined) seen.failed++;
    else if (!isRight(name, algorithm, shown.fingerprint)) seen.wrong++;
  }
}

type IsRight = (name: string, algorithm: Algorithm, leaf: string) => boolean;

/** Leaves that may be shown for each name and algorithm. */
function judgeOf(packs: readonly PlacedPack[]): IsRight {
  const right = new Set(
    packs.flatMap((pack) =>
      pack.names.flatMap((name) =>
        ALGORITHMS.map((algorithm) => `${name} ${algorithm} ${leafIn(pack, algorithm)}`),
      ),
    ),
  );
  return (name, algorithm, leaf) => right.has(`${name} ${algorithm} ${leaf}`);
}

const NAMES = ['a.example.com', 'b.example.com', 'c.example.com'];

test(
  'no handshake fails and none sees a wrong leaf while packs change and swap their names',
  HAPROXY,
  async (t) => {
    const { edge } = await givenHaproxy(t);
    const [a = '', b = '', c = ''] = NAMES;
    const one = await givenPlaced([a, c]);
    const two = await givenPlaced([b]);
    // Names go to the other pack and come back, with new leaves each time.
    const turns = [
      [one, two],
      [await givenPlaced([b], one.packId), await givenPlaced([a, c], two.packId)],
      [await givenPlaced([a], one.packId), await givenPlaced([b, c], two.packId)],
      [await givenPlaced([a, b, c], one.packId)],
    ];
    await edge.apply(turns[0] ?? [], signal);
    const seen: Seen = { handshakes: 0, failed: 0, wrong: 0, isOver: false };
    t.after(() => {
      seen.isOver = true;
    });
    const isRight = judgeOf(turns.flat());
    const clients = Promise.all([0, 1].map(() => client(edge, NAMES, seen, isRight)));
    const end = performance.now() + TIME_MS;
    let swaps = 0;
    while (swaps < LEAST_SWAPS || (swaps < MOST_SWAPS && performance.now() < end)) {
      swaps++;
      const turn = turns[swaps % turns.length] ?? [];
      assert.deepEqual(await edge.apply(turn, signal), []);
      if (turn.length === 1) await edge.withdraw([two.packId], signal);
    }
    seen.isOver = true;
    await clients;
    t.diagnostic(`${seen.handshakes} handshakes during ${swaps} swaps`);
    assert.ok(seen.handshakes > swaps, `${seen.handshakes}`);
    assert.deepEqual({ failed: seen.failed, wrong: seen.wrong }, { failed: 0, wrong: 0 });
  },
);
