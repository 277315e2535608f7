import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { after, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Fault } from '../../kit/fault.ts';
import { type BudgetLimits, type Lease, PageBudget } from './page-budget.ts';

const ends = new AsyncDisposableStack();
after(() => ends.disposeAsync());

/** Bytes that are set aside for a page of 100 items. */
const PAGE = 100 * 8_192;
const LIMITS: BudgetLimits = {
  mostBytes: 4 * PAGE,
  mostBytesOfOne: 2 * PAGE,
  mostReading: 100,
  mostWaiting: 3,
  patienceMs: 200,
  sendMs: 60_000,
};

/** An answer that is under way, and what ends its connection. */
async function givenResponse(): Promise<{ response: ServerResponse; leave: () => void }> {
  const server = createServer();
  ends.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(address && typeof address === 'object');
  const socket = connect(address.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const asked = new Promise<[IncomingMessage, ServerResponse]>((resolve) =>
    server.once('request', (...both) => resolve(both)),
  );
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [, response] = await asked;
  return { response, leave: () => socket.destroy() };
}

/** Asks, and tells whether leave was given at once. */
async function ask(budget: PageBudget, owner: string, items = 100) {
  const { response, leave } = await givenResponse();
  let lease: Lease | undefined;
  let error: unknown;
  const waits = async () => {
    lease = await budget.leaseFor(response, { owner, items });
  };
  void waits().catch((cause: unknown) => {
    error = cause;
  });
  await turn();
  return { response, leave, lease: () => lease, error: () => error };
}

const until = async (isSo: () => boolean): Promise<void> => {
  const end = performance.now() + 5_000;
  while (!isSo()) {
    assert(performance.now() < end, 'it did not come about');
    await turn();
  }
};

it('a page of fifty needs no leave, whatever is under way', async () => {
  const budget = new PageBudget({ ...LIMITS, mostBytes: 0, mostBytesOfOne: 0 });
  await ask(budget, 'a');
  for (let i = 0; i < 5; i++) assert((await ask(budget, 'a', 50)).lease());
  assert.equal(budget.used, PAGE);
});

it('pages wait where there is no room, and go on in their order as pages leave', async () => {
  const budget = new PageBudget(LIMITS);
  const first = [
    await ask(budget, 'a'),
    await ask(budget, 'b'),
    await ask(budget, 'c'),
    await ask(budget, 'd'),
  ];
  assert(first.every((one) => one.lease()));
  const [next, last] = [await ask(budget, 'e'), await ask(budget, 'f')];
  assert.equal(next.lease(), undefined);
  first[0]?.lease()?.release();
  await until(() => next.lease() !== undefined);
  assert.equal(last.lease(), undefined);
  assert.equal(budget.used, 4 * PAGE);
});

it('an account that has enough is passed by', async () => {
  const budget = new PageBudget(LIMITS);
  const [one, two, three] = [await ask(budget, 'a'), await ask(budget, 'a'), await ask(budget, 'a')];
  assert(one.lease() && two.lease());
  assert.equal(three.lease(), undefined);
  assert((await ask(budget, 'b')).lease());
  one.lease()?.release();
  await until(() => three.lease() !== undefined);
});

it('what a page really has counts from when it was read', async () => {
  const budget = new PageBudget(LIMITS);
  const large = await ask(budget, 'a');
  large.lease()?.hasRead(4 * PAGE);
  const next = await ask(budget, 'b');
  assert.equal(next.lease(), undefined);
  large.lease()?.hasRead(1);
  await until(() => next.lease() !== undefined);
});

it('only so many are read at once', async () => {
  const budget = new PageBudget({ ...LIMITS, mostReading: 1 });
  const [one, two] = [await ask(budget, 'a'), await ask(budget, 'b')];
  assert.equal(two.lease(), undefined);
  one.lease()?.hasRead(PAGE);
  await until(() => two.lease() !== undefined);
});

it('a client that goes away, or takes too long, gives its room back', async () => {
  const budget = new PageBudget(LIMITS);
  const gone = await ask(budget, 'a');
  gone.leave();
  await until(() => gone.response.destroyed);
  assert.equal(budget.used, PAGE, 'it is being read');
  gone.lease()?.hasRead(PAGE);
  assert.equal(budget.used, 0);
  const sent = await ask(budget, 'a');
  sent.lease()?.hasRead(PAGE);
  sent.response.end();
  await until(() => budget.used === 0);
  const slow = await ask(new PageBudget({ ...LIMITS, sendMs: 50 }), 'a');
  slow.response.writeHead(200, { 'content-length': 10 });
  slow.response.write('x');
  await until(() => slow.response.destroyed);
});

it('who waits too long, or behind too many, is told to ask again', async () => {
  const budget = new PageBudget({ ...LIMITS, mostBytes: PAGE });
  await ask(budget, 'a');
  const waiting = [await ask(budget, 'b'), await ask(budget, 'c'), await ask(budget, 'd')];
  const refused = await ask(budget, 'e');
  await until(() => waiting.every((one) => one.error() !== undefined));
  for (const one of [refused, ...waiting]) {
    const error = one.error();
    assert(error instanceof Fault);
    assert.deepEqual([error.fault, error.retryAfter], ['too_many_requests', 1]);
  }
  assert.equal(budget.used, PAGE);
});

it('whoever went away while he waited is given nothing', async () => {
  const budget = new PageBudget({ ...LIMITS, mostBytes: PAGE, patienceMs: 5_000 });
  const [first, gone] = [await ask(budget, 'a'), await ask(budget, 'b')];
  gone.leave();
  await until(() => gone.response.destroyed);
  first.lease()?.release();
  await until(() => gone.error() !== undefined);
  assert.equal(budget.used, 0);
});

it('a page that is larger than all the room goes when it is alone', async () => {
  const budget = new PageBudget(LIMITS);
  assert((await ask(budget, 'a', 1_000)).lease());
});
