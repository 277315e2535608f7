import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Fault } from '../kit/fault.ts';
import { framed, unframed } from './backup-frames.ts';

const KEY = { key: randomBytes(32), mark: randomBytes(24) };
const findKey = () => KEY.key;

async function all(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts);
}

const inPieces = (bytes: Buffer, size: number): Readable =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    ),
  );
const write = (content: Buffer, key = KEY) => all(framed(inPieces(content, 70_000), key));
const read = (file: Buffer, find: Parameters<typeof unframed>[1] = findKey, size = 65_536) =>
  all(unframed(inPieces(file, size), find));

const readUnproven = (file: Buffer) => all(unframed(inPieces(file, 65_536), undefined));

/** Content that fills several members, some of it not to be compressed. */
const CONTENT = Buffer.concat([
  randomBytes(300_000),
  Buffer.from('row\n'.repeat(200_000)),
  randomBytes(1_000),
]);

const isRefused = (error: unknown): boolean => error instanceof Fault && error.fault === 'configuration';

test('what was written is read again, wherever the stream is cut, and zcat reads it too', async () => {
  for (const content of [CONTENT, Buffer.alloc(0), Buffer.from('a')]) {
    const file = await write(content);
    assert.deepEqual(await read(file), content);
    assert.deepEqual(await read(file, findKey, 997), content);
    assert.deepEqual(gunzipSync(file), content);
  }
});

test('the mark that leads to the key is handed over as it was given', async () => {
  let seen: Buffer | undefined;
  await read(await write(CONTENT), (mark) => {
    seen = mark;
    return KEY.key;
  });
  assert.deepEqual(seen, KEY.mark);
});

test('a backup of which any bit was changed is refused, and gives nothing that was not written', async () => {
  const file = await write(CONTENT);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: file.length - 1 }),
      fc.integer({ min: 0, max: 7 }),
      async (at, bit) => {
        // Bytes of gzip's head that stand for nothing: when, and on which system.
        if (at >= 4 && at < 10) return;
        const changed = Buffer.from(file);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        const given: Buffer[] = [];
        try {
          for await (const piece of unframed(inPieces(changed, 65_536), findKey)) given.push(piece);
          assert.fail(`taken with byte ${at} changed`);
        } catch (error) {
          if (!isRefused(error)) {
            // Heads of later members have bytes that stand for nothing, too.
            assert(error instanceof assert.AssertionError);
            assert.deepEqual(Buffer.concat(given), CONTENT);
            return;
          }
        }
        const whole = Buffer.concat(given);
        assert.deepEqual(whole, CONTENT.subarray(0, whole.length));
      },
    ),
    { numRuns: 150 },
  );
});

/** Where the members of a file begin. */
function membersOf(file: Buffer): Buffer[] {
  const members: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const extra = file.readUInt16LE(at + 10);
    const frame = file.subarray(at + 12, at + 12 + extra).lastIndexOf('CP');
    const length = file.readUInt32LE(at + 12 + frame + 5);
    const end = at + 12 + extra + length;
    members.push(file.subarray(at, end));
    at = end;
  }
  return members;
}

test('members that are left out, turned round, doubled or of another backup are refused', async () => {
  const file = await write(CONTENT);
  const [first, second, third, ...rest] = membersOf(file);
  assert(first && second && third && rest.length > 0);
  const last = rest.at(-1) ?? third;
  const other = membersOf(await write(CONTENT));
  const cases: Readonly<Record<string, readonly (Buffer | undefined)[]>> = {
    'without the second': [first, third, ...rest],
    'turned round': [first, third, second, ...rest],
    doubled: [first, second, second, third, ...rest],
    'without the last': [first, second, third, ...rest.slice(0, -1)],
    'ended early': [first, last],
    'with more behind': [first, second, third, ...rest, last],
    'of another backup under the same key': [first, second, third, ...rest.slice(0, -1), other.at(-2)],
    'cut in a member': [first, second.subarray(0, 100)],
    'cut in a head': [first, second.subarray(0, 5)],
  };
  for (const [what, members] of Object.entries(cases))
    await assert.rejects(read(Buffer.concat(members.flatMap((one) => one ?? []))), isRefused, what);
});

test('a backup under another key is refused, and one without proof, unless it is to be taken so', async () => {
  const file = await write(CONTENT);
  await assert.rejects(
    read(file, () => randomBytes(32)),
    /was altered/,
  );
  const forged = gzipSync(gunzipSync(file));
  await assert.rejects(read(forged), /carries no proof of who wrote it.*--unauthenticated/);
  assert.deepEqual(await readUnproven(forged), CONTENT);
  assert.deepEqual(await readUnproven(file), CONTENT, 'also where its key is lost');
});

test('what is no backup is refused', async () => {
  for (const bytes of ['', 'hello', '{"a":1}\n'])
    await assert.rejects(read(Buffer.from(bytes)), /is no backup of certpacks/);
});

test('a member that swells beyond its size is refused, though nothing is checked', async () => {
  const [first] = membersOf(await write(Buffer.from('a')));
  assert(first);
  const bomb = deflateRawSync(Buffer.alloc(50_000_000));
  const body = Buffer.concat([bomb, Buffer.alloc(8)]);
  const head = Buffer.from(first.subarray(0, 12 + first.readUInt16LE(10)));
  head.writeUInt32LE(body.length, head.lastIndexOf('CP') + 5);
  await assert.rejects(readUnproven(Buffer.concat([head, body])), isRefused);
});
