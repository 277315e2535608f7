import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import packet from 'dns-packet';
import fc from 'fast-check';
import { ADDRESS, type Asking, NAME, startAsking, VALUES } from '../../../test/support/dns/asking.ts';
import type { Scripted } from '../../../test/support/dns/small-dns.ts';
import { exchange } from './exchange.ts';

const AA = packet.AUTHORITATIVE_ANSWER;
let asking: Asking;
before(async () => {
  asking = await startAsking();
});
after(() => asking.world.close());

test('the strings of a TXT record are one value', async () => {
  const heard = await asking.ask(() => VALUES);
  assert.equal(heard.kind, 'reply');
  assert.deepEqual(heard.kind === 'reply' && heard.reply.answers, [
    { name: NAME, type: 'TXT', ttl: 1, data: 'onetwo' },
  ]);
});

test('the letters of the question may come back in another case', async () => {
  const heard = await asking.ask(() => ({ ...VALUES, questions: [{ name: 'HOST.Example', type: 'TXT' }] }));
  assert.equal(heard.kind, 'reply');
});

test('answers to another question, another class or with another id are not taken', async () => {
  const wrong: Omit<packet.Packet, 'id'>[] = [
    { ...VALUES, questions: [{ name: 'other.example', type: 'TXT' }] },
    { ...VALUES, questions: [{ name: NAME, type: 'A' }] },
    { ...VALUES, questions: [{ name: NAME, type: 'TXT', class: 'CH' }] },
    { ...VALUES, questions: [] },
    { ...VALUES, type: 'query' },
  ];
  const heard = await Promise.all(
    wrong.map(async (said, n) => {
      const address = `127.0.73.${n + 10}`;
      await asking.world.set(address, () => said);
      const question = { address, port: asking.world.port, name: NAME, type: 'TXT' as const };
      return exchange(question, { tries: 1, spend: () => true, signal: AbortSignal.timeout(10_000) });
    }),
  );
  const late = { kind: 'silence', why: 'does not answer' };
  const without = { kind: 'silence', why: 'answers without repeating the question' };
  assert.deepEqual(heard, [late, late, late, without, late]);
});

test('an answer with another id, or from another address, is not taken', async () => {
  const server = createSocket('udp4').bind(0, ADDRESS);
  const stranger = createSocket('udp4').bind(0, '127.0.73.2');
  await Promise.all([once(server, 'listening'), once(stranger, 'listening')]);
  const taken: Buffer[] = [];
  server.on('message', (bytes, from) => {
    const { id = 0, questions = [] } = packet.decode(bytes);
    const right = packet.encode({ ...VALUES, type: 'response', id, questions });
    const wrong = packet.encode({ ...VALUES, type: 'response', id: id ^ 1, questions });
    taken.push(bytes);
    server.send(wrong, from.port, from.address);
    stranger.send(right, from.port, from.address);
  });
  const question = { address: ADDRESS, port: server.address().port, name: NAME, type: 'TXT' as const };
  const heard = await exchange(question, { tries: 1, spend: () => true, signal: AbortSignal.timeout(500) });
  assert.equal(taken.length, 1);
  assert.equal(heard.kind, 'silence');
  server.close();
  stranger.close();
});

test('a truncated answer is asked for again over TCP', async () => {
  const heard = await asking.ask((_, via) =>
    via === 'udp' ? { flags: AA | packet.TRUNCATED_RESPONSE } : VALUES,
  );
  assert.equal(heard.kind === 'reply' && heard.reply.answers.length, 1);
  assert.equal(asking.world.asked.length, 2);
});

test('a truncated answer without TCP behind it is silence', async () => {
  const heard = await asking.ask((_, via) =>
    via === 'udp'
      ? { flags: AA | packet.TRUNCATED_RESPONSE }
      : Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
  );
  assert.deepEqual(heard, { kind: 'silence', why: 'sends something else than DNS over TCP' });
});

test('a server that is slow is waited for', async () => {
  const udp = createSocket('udp4').bind(0, '127.0.73.4');
  await once(udp, 'listening');
  udp.on('message', (bytes, from) => {
    const { id = 0, questions = [] } = packet.decode(bytes);
    const reply = packet.encode({ ...VALUES, type: 'response', id, questions });
    setTimeout(() => udp.send(reply, from.port, from.address), 1_500);
  });
  const question = { address: '127.0.73.4', port: udp.address().port, name: NAME, type: 'TXT' as const };
  const heard = await exchange(question, { tries: 2, spend: () => true, signal: AbortSignal.timeout(5_000) });
  assert.equal(heard.kind, 'reply');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  udp.close();
});

test('nobody listening is told at once', async () => {
  const question = { address: '127.0.73.9', port: asking.world.port, name: NAME, type: 'TXT' as const };
  const heard = await exchange(question, { tries: 1, spend: () => true, signal: AbortSignal.timeout(5_000) });
  assert.deepEqual(heard, { kind: 'silence', why: 'does not listen' });
});

test('an abort is silence, at once', async () => {
  const started = performance.now();
  const heard = await asking.ask(() => undefined, { tries: 2, signal: AbortSignal.timeout(100) });
  assert.equal(heard.kind, 'silence');
  assert.ok(performance.now() - started < 1_500);
});

test('nothing is sent once the budget is spent', async () => {
  await asking.world.set(ADDRESS, () => VALUES);
  asking.world.asked.length = 0;
  const question = { address: ADDRESS, port: asking.world.port, name: NAME, type: 'TXT' as const };
  const heard = await exchange(question, {
    tries: 2,
    spend: () => false,
    signal: AbortSignal.timeout(5_000),
  });
  assert.equal(heard.kind, 'silence');
  assert.equal(asking.world.asked.length, 0);
});

const hostile = fc.record({ bytes: fc.uint8Array({ maxLength: 300 }), isOverTcp: fc.boolean() });

async function flood({ bytes, isOverTcp }: { bytes: Uint8Array; isOverTcp: boolean }): Promise<void> {
  const junk = Buffer.from(bytes);
  const truncated = { flags: AA | packet.TRUNCATED_RESPONSE };
  const scripted: Scripted = (_, via) => (isOverTcp && via === 'udp' ? truncated : junk);
  assert.equal((await asking.ask(scripted, { signal: AbortSignal.timeout(60) })).kind, 'silence');
}

test('whatever bytes a server sends, over UDP or TCP, the exchange ends and nothing is thrown', async () => {
  await fc.assert(fc.asyncProperty(hostile, flood), { numRuns: 30 });
});
