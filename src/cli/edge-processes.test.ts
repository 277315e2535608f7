/** Several processes of one edge: their port stays open whatever becomes of them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { helloFrom, NAME, shaken } from '../../test/support/edge/given-edge.ts';
import { givenPack, givenService } from '../../test/support/edge/given-service.ts';
import { freePort } from '../../test/support/ports.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const WAIT = 90_000;
const deadline = () => ({ signal: AbortSignal.timeout(WAIT) });

interface Line {
  readonly msg: string;
  readonly pid?: number;
  readonly metrics?: string;
}

/** `certpacks edge` with so many processes, and the lines that they log. */
async function givenProcesses(t: TestContext, count: number) {
  const service = await givenService(t);
  service.packs.set(NAME, await givenPack([NAME]));
  const port = await freePort();
  const args = ['edge', '--pull', service.path, '--host', '127.0.0.1', '--port', `${port}`];
  const own = ['--processes', `${count}`, '--drain-seconds', '5', '--metrics-listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, [MAIN, ...args, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const lines: Line[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line));
  });
  const said = (what: string, times = 1) =>
    holds(() => lines.filter(({ msg }) => msg.includes(what)).length >= times, what);
  await said('edge is ready', count + 1);
  const metrics = async () =>
    (await fetch(lines.find((line) => line.metrics)?.metrics ?? '', deadline())).text();
  return { child, port, lines, said, metrics };
}

async function holds(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + WAIT;
  while (!(await isSo())) {
    assert.ok(performance.now() < end, `${what}: not within ${WAIT} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether a client that says hello gets an answer. */
async function isAnswered(port: number, hello: Buffer): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket
    .once('data', () => resolve(true))
    .once('error', () => resolve(false))
    .once('close', () => resolve(false));
  socket.write(hello);
  const isSo = await promise;
  socket.destroy();
  return isSo;
}

/** Clients without a pause until it is ended; how many were answered, and how many not. */
async function givenClients(port: number) {
  const hello = await helloFrom({ servername: NAME });
  const over = new AbortController();
  let [answered, refused] = [0, 0];
  const client = async () => {
    while (!over.signal.aborted)
      if (await isAnswered(port, hello)) answered++;
      else refused++;
  };
  const all = Promise.all(Array.from({ length: 4 }, client));
  return {
    answered: () => answered,
    end: async () => {
      over.abort();
      await all;
      return refused;
    },
  };
}

test('three hand-overs under a thousand connections and more refuse none, and their counts go on', async (t) => {
  const { child, port, lines, said, metrics } = await givenProcesses(t, 1);
  const clients = await givenClients(port);
  for (let i = 1; i <= 3; i++) {
    const until = clients.answered() + 250;
    await holds(() => clients.answered() >= until, 'clients are answered');
    child.kill('SIGHUP');
    await said('new processes serve', i);
  }
  const until = clients.answered() + 250;
  await holds(() => clients.answered() >= until, 'clients are served after it');
  assert.equal(await clients.end(), 0, 'nobody was refused');
  assert.equal(new Set(lines.flatMap(({ pid }) => pid ?? [])).size, 4, 'each time a new one');
  assert.ok(clients.answered() >= 1_000);
  const counted = async () => Number(/^certpacks_edge_connections_total (\d+)$/m.exec(await metrics())?.[1]);
  await holds(async () => (await counted()) === clients.answered(), 'all are counted');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit', deadline()), [0, null]);
  await assert.rejects(shaken(port), { code: 'ECONNREFUSED' });
});

test('a process that is killed is begun again, and the other serves meanwhile', async (t) => {
  const { child, port, lines, said } = await givenProcesses(t, 2);
  const [first] = lines.flatMap(({ pid }) => pid ?? []);
  assert.ok(first);
  process.kill(first, 'SIGKILL');
  await said('a process ended');
  (await shaken(port)).destroy();
  await said('edge is ready', 4);
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit', deadline()), [0, null]);
});
