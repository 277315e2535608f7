import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MessagesIn } from './messages-in.ts';

const message = fc.tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 40 }));

const encode = ([kind, content]: [number, Uint8Array]): Buffer => {
  const head = Buffer.alloc(5);
  head[0] = kind;
  head.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
};

describe('messages', () => {
  it('come out as they went in, wherever the stream was cut', () => {
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 30 })), (messages, cuts) => {
        const got: [number, Uint8Array][] = [];
        const frames = new MessagesIn((kind, bytes, start, end) =>
          got.push([kind, new Uint8Array(bytes.subarray(start, end))]),
        );
        let rest = Buffer.concat(messages.map(encode));
        for (const cut of [...cuts, rest.length]) {
          frames.push(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        assert.deepEqual(got, messages);
      }),
    );
  });
});
