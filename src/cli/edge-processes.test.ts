/** Several processes of one edge: their port stays open whatever becomes of them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NAME, shaken } from '../../test/support/edge/given-edge.ts';
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

/** Clients without a pause until it is ended; how many were served, and why others were not. */
function givenClients(port: number) {
  const over = new AbortController();
  const failures: unknown[] = [];
  let served = 0;
  const client = async () => {
    while (!over.signal.aborted)
      await shaken(port).then(
        (socket) => {
          served++;
          socket.destroy();
        },
        (error: unknown) => failures.push(error),
      );
  };
  const all = Promise.all(Array.from({ length: 8 }, client));
  return {
    served: () => served,
    end: async () => {
      over.abort();
      await all;
      return failures;
    },
  };
}

test('three hand-overs under thousands of connections refuse none, and their counts go on', async (t) => {
  const { child, port, lines, said, metrics } = await givenProcesses(t, 1);
  const clients = givenClients(port);
  for (let i = 1; i <= 3; i++) {
    const until = clients.served() + 500;
    await holds(() => clients.served() >= until, 'clients are served');
    child.kill('SIGHUP');
    await said('new processes serve', i);
  }
  const until = clients.served() + 500;
  await holds(() => clients.served() >= until, 'clients are served after it');
  assert.deepEqual(await clients.end(), []);
  assert.equal(new Set(lines.flatMap(({ pid }) => pid ?? [])).size, 4, 'each time a new one');
  assert.ok(clients.served() >= 2_000);
  const counted = async () => Number(/^certpacks_edge_connections_total (\d+)$/m.exec(await metrics())?.[1]);
  await holds(async () => (await counted()) === clients.served(), 'all are counted');
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
