import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { shaken } from '../../test/support/edge/given-edge.ts';
import { givenService } from '../../test/support/edge/given-service.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** Something that does not end, as a look-up at a resolver that does not answer. */
const HANGS = `data:text/javascript,${encodeURIComponent('setInterval(() => undefined, 1_000)')}`;
const deadline = () => ({ signal: AbortSignal.timeout(20_000) });

/** The command `edge` as a process, and the lines that it writes. */
async function givenProcess(t: TestContext, ...more: string[]) {
  const { path } = await givenService(t);
  const args = [MAIN, 'edge', '--pull', path, '--host', '127.0.0.1', '--port', '0', ...more];
  const child = spawn(process.execPath, ['--import', HANGS, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return { child, lines: createInterface({ input: child.stderr }) };
}

test('the edge tells its counters where it is asked to, and ends at once when it is asked to', async (t) => {
  const { child, lines } = await givenProcess(t, '--metrics-listen', '127.0.0.1:0');
  let ready: { port?: number; metrics?: string } = {};
  for await (const line of lines) {
    ready = JSON.parse(line);
    if (ready.metrics) break;
  }
  await assert.rejects(shaken(ready.port ?? 0, { servername: 'a.example.com' }));
  const text = await (await fetch(ready.metrics ?? '', deadline())).text();
  assert.match(text, /^certpacks_edge_refused_handshakes_total\{reason="unknown_name"\} 1$/m);
  assert.match(text, /^process_resident_memory_bytes \d+$/m);
  assert.equal((await fetch((ready.metrics ?? '').replace('metrics', 'x'), deadline())).status, 404);
  const asked = performance.now();
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit', deadline());
  assert.equal(code, 0);
  assert.ok(performance.now() - asked < 2_000);
});

for (const [place, words] of [
  ['nowhere', /'nowhere' must be ADDRESS:PORT/],
  ['192.0.2.1:9464', /--metrics-listen: cannot listen on 192\.0\.2\.1, port 9464/],
] as const) {
  test(`metrics at ${place} end the edge with a sentence`, async (t) => {
    const { child, lines } = await givenProcess(t, '--metrics-listen', place);
    const said: string[] = [];
    lines.on('line', (line) => said.push(line));
    const [code] = await once(child, 'exit', deadline());
    assert.equal(code, 1);
    assert.match(said.join('\n'), words);
  });
}
