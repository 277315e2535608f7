import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BatchLoader } from './batch-loader.ts';

/** A source whose reads end when they are told to. */
function given(atOnce: number) {
  const reads: { readonly asked: readonly string[]; readonly end: (error?: Error) => void }[] = [];
  const loader = new BatchLoader<string, string>({
    keyOf: (asked) => asked,
    atOnce,
    read: (asked) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) => (error ? reject(error) : resolve(asked.map((one) => `${one}!`)));
        reads.push({ asked, end });
      }),
  });
  return { loader, reads };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('questions of one turn are one read, and one question where they are the same', async () => {
  const { loader, reads } = given(1);
  const answers = Promise.all(['a', 'b', 'a'].map((one) => loader.load(one)));
  await turn();
  assert.deepEqual(
    reads.map(({ asked }) => asked),
    [['a', 'b']],
  );
  reads[0]?.end();
  assert.deepEqual(await answers, ['a!', 'b!', 'a!']);
});

it('a question that comes while a read is under way is answered by a later one, also the same again', async () => {
  const { loader, reads } = given(1);
  const first = loader.load('a');
  await turn();
  const [again, other] = [loader.load('a'), loader.load('b')];
  await turn();
  assert.equal(reads.length, 1, 'no more than one at once');
  reads[0]?.end();
  assert.equal(await first, 'a!');
  await turn();
  assert.deepEqual(reads[1]?.asked, ['a', 'b']);
  reads[1]?.end();
  assert.deepEqual(await Promise.all([again, other]), ['a!', 'b!']);
});

it('a read that fails fails all who wait for it, and none who come after', async () => {
  const { loader, reads } = given(1);
  const failed = Promise.allSettled(['a', 'b'].map((one) => loader.load(one)));
  await turn();
  reads[0]?.end(new Error('gone'));
  assert.deepEqual(
    (await failed).map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  const after = loader.load('a');
  await turn();
  reads[1]?.end();
  assert.equal(await after, 'a!');
});
