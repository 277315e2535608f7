import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { startRelay } from '../../../test/support/dns-relay.ts';
import { freePortAt } from '../../../test/support/dns-servers.ts';
import {
  NEEDS,
  PEERS,
  RELAY,
  record,
  refusal,
  signal,
  startUpdateScene,
  type UpdateScene,
  updater,
} from '../../../test/support/update-scene.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { hours } from '../../kit/time.ts';
import type { TxtPublisher } from '../dns.ts';

let scene: UpdateScene | undefined;
const port = (): number => scene?.port ?? 0;

before(async () => {
  if (NEEDS.skip === false) scene = await startUpdateScene();
});
after(() => scene?.stop());

for (const { peer, address } of PEERS) {
  test(`${peer}: an answer that was tampered with is refused, whatever byte it is`, NEEDS, async () => {
    const tampered = record('_acme-challenge.tampered.a.test');
    let length = 40;
    for (let at = 2; at < length; at += 1) {
      const change = (bytes: Buffer): Buffer => {
        length = bytes.length;
        return Buffer.concat([
          bytes.subarray(0, at),
          Buffer.of((bytes[at] ?? 0) ^ 1),
          bytes.subarray(at + 1),
        ]);
      };
      await through(address, change, (publisher) =>
        assert.rejects(publisher.add([tampered], signal), refusal(/./), `byte ${at} of ${length}`),
      );
    }
    assert.ok(length > 100, 'the answers went through the relay');
  });

  test(`${peer}: a success without signature is none`, NEEDS, async () => {
    await through(address, bare, (publisher) =>
      assert.rejects(
        publisher.add([record('_acme-challenge.a.test')], signal),
        refusal(/answers without a TSIG signature; nothing it says can be relied on$/),
      ),
    );
  });

  test(`${peer}: an answer that is an hour old is refused`, NEEDS, async () => {
    const clock = new VirtualClock();
    const late = (bytes: Buffer): Buffer => {
      clock.advance(hours(1));
      return bytes;
    };
    await through(
      address,
      late,
      (publisher) =>
        assert.rejects(
          publisher.remove([record('_acme-challenge.a.test')], signal),
          refusal(/answers with a TSIG signature of another time$/),
        ),
      clock,
    );
  });
}

/** An answer that says success, and is signed by nobody. */
const bare = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.of(0, 12), bytes.subarray(2, 4), Buffer.from('a8000000000000000000', 'hex')]);

/** An updater of the zone a.test behind a relay that changes what the server says. */
async function through(
  address: string,
  change: (bytes: Buffer) => Buffer,
  use: (publisher: TxtPublisher) => Promise<void>,
  clock = new VirtualClock(),
): Promise<void> {
  const relay = await startRelay({ address: RELAY, port: port() }, { address, port: port() }, change);
  try {
    await use(updater(RELAY, port(), { zone: 'a.test', clock }));
  } finally {
    await relay.close();
  }
}

test('a server that does not listen, and one that says nothing, are unreachable; an abort is an abort', async () => {
  const records = [record('_acme-challenge.a.test')];
  const free = await freePortAt(['127.0.74.3']);
  const nobody = updater('127.0.74.3', free);
  await assert.rejects(nobody.add(records, signal), {
    fault: 'dns_unreachable',
    message: `the name server 127.0.74.3 (port ${free}) does not listen over TCP`,
  });
  const mute = createServer((socket) => socket.on('error', () => socket.destroy()));
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const sockets: Socket[] = [];
  mute.on('connection', (socket) => sockets.push(socket));
  const bound = mute.address();
  const place = { host: '127.0.0.1', port: typeof bound === 'object' && bound ? bound.port : 0 };
  const reason = new Error('enough');
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 100);
  await assert.rejects(updater('', 0, { server: place }).add(records, controller.signal), reason);
  for (const socket of sockets) socket.destroy();
  mute.close();
});
