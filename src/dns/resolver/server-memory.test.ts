import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import packet from 'dns-packet';
import { type Asking, startAsking, VALUES } from '../../../test/support/dns/asking.ts';
import { type Scripted, silent } from '../../../test/support/dns/small-dns.ts';
import { ServerMemory } from './server-memory.ts';

let asking: Asking;
before(async () => {
  asking = await startAsking();
});
after(() => asking.world.close());

const good: Scripted = () => VALUES;
/** Knows no TXT: such questions are dropped. */
const noTxt: Scripted = ({ type }) => (type === 'TXT' ? undefined : { flags: packet.AUTHORITATIVE_ANSWER });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a server that was silent is waited for only shortly for a while, for the same type', async () => {
  const servers = new ServerMemory();
  const timed = async (type: 'TXT' | 'A') => {
    const started = performance.now();
    const { kind } = await asking.askFor(type, { tries: 2, servers });
    return { kind, ms: performance.now() - started };
  };
  await asking.ask(silent, { tries: 2, servers });
  const again = await timed('TXT');
  assert.ok(again.kind === 'silence' && again.ms > 300 && again.ms < 700, `${again.ms} ms`);
  const other = await timed('A');
  assert.ok(other.kind === 'silence' && other.ms > 2_000, `${other.ms} ms`);
  assert.equal((await asking.ask(good, { tries: 2, servers })).kind, 'reply');
  await asking.world.set('127.0.73.1', silent);
  assert.ok((await timed('TXT')).ms > 2_000, 'an answer makes it good again');
});

test('an abort is no silence of the server', async () => {
  const servers = new ServerMemory();
  await asking.ask(silent, { tries: 2, servers, signal: AbortSignal.timeout(50) });
  assert.equal(servers.find('127.0.73.1', 'TXT'), 'good');
});

test('a server that answers others meanwhile was not silent: the message was lost', async () => {
  const servers = new ServerMemory();
  const lost = asking.ask(noTxt, { tries: 2, servers });
  await pause(100);
  await asking.askFor('A', { servers });
  assert.equal((await lost).kind, 'silence');
  assert.equal(servers.find('127.0.73.1', 'TXT'), 'good');
});

test('a server is asked twenty questions at a time; those who wait for a dead one wait shortly', async () => {
  const servers = new ServerMemory();
  const started = performance.now();
  await asking.world.set('127.0.73.1', silent);
  asking.world.asked.length = 0;
  const all = Array.from({ length: 100 }, () => asking.askFor('TXT', { servers }));
  await pause(300);
  assert.equal(asking.world.asked.length, 20);
  await Promise.all(all);
  assert.equal(asking.world.asked.length, 100);
  assert.ok(performance.now() - started < 5_500);
});

test('a hundred questions to one server are all answered', async () => {
  const servers = new ServerMemory();
  await asking.world.set('127.0.73.1', good);
  const all = Array.from({ length: 100 }, () => asking.askFor('TXT', { servers }));
  assert.ok((await Promise.all(all)).every(({ kind }) => kind === 'reply'));
});

test('who waits for a turn goes at once when it is aborted, and the next has it', async () => {
  const servers = new ServerMemory();
  const { signal } = new AbortController();
  const turns = await Promise.all(Array.from({ length: 20 }, () => servers.enter('192.0.2.1', signal)));
  const impatient = new AbortController();
  const left = servers.enter('192.0.2.1', impatient.signal);
  const next = servers.enter('192.0.2.1', signal);
  impatient.abort();
  assert.equal(await left, undefined);
  assert.ok(await servers.enter('192.0.2.2', signal), 'another address has turns of its own');
  turns[0]?.();
  assert.ok(await next);
});
