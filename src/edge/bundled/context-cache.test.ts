import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { givenPack, quiet, until } from '../../../test/support/edge/given-service.ts';
import type { ServedPack } from '../edge.ts';
import type { PullAnswer } from '../pull/pull-client.ts';
import { ContextCache } from './context-cache.ts';

/** A service at the `load` interface whose answers the test gives by hand. */
class Service {
  readonly asked: string[] = [];
  readonly #waiting: ((answer: PullAnswer) => void)[] = [];
  /** Answers given without waiting, where set. */
  answer: PullAnswer | undefined;

  readonly load = (name: string): Promise<PullAnswer> => {
    this.asked.push(name);
    if (this.answer !== undefined) return Promise.resolve(this.answer);
    return new Promise((resolve) => this.#waiting.push(resolve));
  };

  /** Answers the oldest question. */
  reply(answer: PullAnswer): void {
    this.#waiting.shift()?.(answer);
  }
}

const NAME = 'www.example.com';
let old: ServedPack;
let renewed: ServedPack;
before(async () => {
  old = await givenPack([NAME]);
  renewed = await givenPack([NAME]);
});

function given(
  options: {
    timeToLive?: number;
    unknownFor?: number;
    most?: number;
    inPlaceFor?: number;
    ticketKeysFor?: number;
  } = {},
) {
  const service = new Service();
  const contexts = new ContextCache({ load: service.load, log: quiet(), ...options });
  contexts.live();
  return { service, contexts };
}

test('many callers of one name share one load', async () => {
  const { service, contexts } = given();
  const all = Promise.all(Array.from({ length: 50 }, () => contexts.get(NAME)));
  service.reply(old);
  assert.equal(new Set(await all).size, 1);
  await contexts.get(NAME);
  assert.deepEqual(service.asked, [NAME]);
});

test('an unknown name costs one question, until its time is over or a change names it', async () => {
  const { service, contexts } = given({ unknownFor: 0.05 });
  service.answer = 'unknown';
  for (let i = 0; i < 5; i++) assert.equal(await contexts.get(NAME), 'unknown');
  assert.equal(service.asked.length, 1);
  contexts.changed(['*.example.com']);
  await contexts.get(NAME);
  assert.equal(service.asked.length, 2);
  await new Promise((resolve) => setTimeout(resolve, 80));
  await contexts.get(NAME);
  assert.equal(service.asked.length, 3);
});

test('a flood of unknown names stays within its bound', async () => {
  const { service, contexts } = given({ most: 100 });
  service.answer = 'unknown';
  for (let i = 0; i < 1_000; i++) await contexts.get(`n${i}.example.com`);
  const { known, unknown, loading } = contexts.counts;
  assert.deepEqual({ known, unknown, loading }, { known: 0, unknown: 100, loading: 0 });
});

test('a change has the names it covers asked for again, and no others', async () => {
  const { service, contexts } = given();
  service.answer = old;
  const names = ['a.example.com', 'b.example.com', 'c.b.example.com', 'example.com', 'a.example.org'];
  const load = async () => {
    for (const name of names) await contexts.get(name);
  };
  await load();
  service.asked.length = 0;
  contexts.changed(['*.example.com', 'a.example.org']);
  await load();
  assert.deepEqual(service.asked, ['a.example.com', 'b.example.com', 'a.example.org']);
});

for (const change of [[NAME], ['*.example.com']]) {
  test(`a load that began before a change of ${change[0]} is neither kept nor shown after it`, async () => {
    const { service, contexts } = given();
    const early = contexts.get(NAME);
    contexts.changed(change);
    const late = contexts.get(NAME);
    service.reply(old);
    service.reply(renewed);
    assert.equal(await early, await late);
    service.answer = old;
    assert.equal(await contexts.get(NAME), await late, 'what is kept came after the change');
    assert.equal(service.asked.length, 2);
  });
}

test('a service that goes away as it tells of a change leaves the name with what there was', async () => {
  const { service, contexts } = given();
  service.answer = old;
  const first = await contexts.get(NAME);
  contexts.changed([NAME]);
  contexts.lost();
  service.answer = 'unreachable';
  assert.equal(await contexts.get(NAME), first);
  contexts.live();
  service.answer = renewed;
  assert.notEqual(await contexts.get(NAME), first);
  contexts.changed(['*.example.com']);
  service.answer = 'unknown';
  assert.equal(await contexts.get(NAME), 'unknown', 'what is taken off is gone once that is told');
});

test('what is withdrawn leaves the memory of an edge though nobody asks for it again, once the service tells', async () => {
  const { service, contexts } = given({ timeToLive: 0.05 });
  service.answer = old;
  await contexts.get(NAME);
  service.answer = 'unreachable';
  contexts.changed([NAME]);
  await until(() => service.asked.length > 3);
  assert.equal(contexts.counts.known, 1, 'shown on while nobody tells');
  service.answer = 'unknown';
  await until(() => contexts.counts.known === 0);
});

test('a pack that cannot be shown leaves what there was in its place for a while, and not for ever', async () => {
  const { service, contexts } = given({ timeToLive: 0.05, inPlaceFor: 0.3 });
  service.answer = old;
  const first = await contexts.get(NAME);
  const [pair] = Object.values(renewed.certificates);
  assert(pair);
  service.answer = { ...renewed, certificates: { ecdsa: { ...pair, key: 'no key' } } };
  contexts.changed([NAME]);
  assert.equal(await contexts.get(NAME), first, 'the service may go back to it');
  await until(() => contexts.counts.known === 0);
  assert.equal(await contexts.get(NAME), 'unreachable');
  service.answer = renewed;
  assert.equal(typeof (await contexts.get(NAME)), 'object');
});

test('of a service that does not answer a client waits two seconds where there is something to show', async () => {
  const { service, contexts } = given();
  service.answer = old;
  const first = await contexts.get(NAME);
  contexts.changed([NAME]);
  service.answer = undefined;
  const began = performance.now();
  assert.equal(await contexts.get(NAME), first);
  assert(performance.now() - began < 4_000);
  service.reply(renewed);
  service.answer = renewed;
  assert.notEqual(await contexts.get(NAME), first);
});

test('a load that began before a change of other names is kept', async () => {
  const { service, contexts } = given();
  const early = contexts.get(NAME);
  contexts.changed(['*.www.example.com', 'example.com']);
  service.reply(old);
  assert.equal(await contexts.get(NAME), await early);
  assert.equal(service.asked.length, 1);
});

test('a load that began before the stream stood is not trusted after it', async () => {
  const { service, contexts } = given();
  const early = contexts.get(NAME);
  contexts.lost();
  contexts.live();
  service.reply(old);
  await until(() => service.asked.length === 2);
  service.reply(renewed);
  const context = await early;
  assert.equal(await contexts.get(NAME), context);
  assert.equal(service.asked.length, 2);
});

test('after its time a context is looked at again, and the same certificates keep the same context', async () => {
  const { service, contexts } = given({ timeToLive: 0 });
  service.answer = old;
  const first = await contexts.get(NAME);
  assert.equal(await contexts.get(NAME), first);
  service.answer = { ...renewed };
  assert.notEqual(await contexts.get(NAME), first);
  assert.equal(service.asked.length, 3);
});

test('without the stream all is stale: asked for again, served when nobody answers, dropped when unknown', async () => {
  const { service, contexts } = given();
  service.answer = old;
  const context = await contexts.get(NAME);
  contexts.lost();
  service.answer = 'unreachable';
  assert.equal(await contexts.get(NAME), context);
  assert.equal(await contexts.get(NAME), context);
  assert.equal(service.asked.length, 2, 'nobody is asked again right after no answer');
  assert.equal(await contexts.get('cold.example.com'), 'unreachable');
  contexts.live();
  service.answer = 'unknown';
  assert.equal(await contexts.get(NAME), 'unknown');
});

test('what is loaded without the stream is asked for again once it stands', async () => {
  const { service, contexts } = given();
  contexts.lost();
  service.answer = old;
  await contexts.get(NAME);
  contexts.live();
  await contexts.get(NAME);
  await contexts.get(NAME);
  assert.equal(service.asked.length, 2);
});

test('certificates that cannot be used do not replace those that can', async () => {
  const { service, contexts } = given({ timeToLive: 0 });
  service.answer = { ...old, certificates: { ecdsa: { chain: 'no chain', key: 'no key' } } };
  assert.equal(await contexts.get(NAME), 'unreachable');
  service.answer = old;
  const context = await contexts.get(NAME);
  service.answer = { ...old, certificates: {} };
  assert.equal(await contexts.get(NAME), context);
  await until(() => contexts.counts.loading === 0);
});

test('a context stays when its pack is the same, and is made anew when the keys of its tickets are old', async () => {
  const { service, contexts } = given({ ticketKeysFor: 0.2 });
  service.answer = old;
  const first = await contexts.get(NAME);
  contexts.changed([NAME]);
  assert.equal(await contexts.get(NAME), first);
  await new Promise((resolve) => setTimeout(resolve, 210));
  assert.equal(await contexts.get(NAME), first, 'nobody is kept waiting for it');
  contexts.changed([NAME]);
  assert.notEqual(await contexts.get(NAME), first);
});
