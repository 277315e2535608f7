import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { givenEnrolled } from '../../test/support/edge/given-agent.ts';
import { givenAgentService } from '../../test/support/edge/given-agent-service.ts';
import { givenFolder, givenPack, until } from '../../test/support/edge/given-service.ts';
import { needs } from '../../test/support/peers.ts';
import { printEdgeToken } from '../edge/agent/token.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const UNIT = fileURLToPath(new URL('../../deploy/systemd/certpacks-agent.service', import.meta.url));
const deadline = () => ({ signal: AbortSignal.timeout(20_000) });

/** What a command prints, and how it ends. */
async function certpacks(...args: readonly string[]) {
  const options = { timeout: 20_000 };
  return promisify(execFile)(process.execPath, [MAIN, 'agent', ...args], options).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, said: error.stderr }),
  );
}

/** An agent as a process, and the first line that it writes when it is ready. */
async function givenProcess(t: TestContext, ...args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, 'agent', 'run', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stderr })) {
    const { metrics, msg }: { metrics?: string; msg: string } = JSON.parse(line);
    if (msg === 'agent is ready') return { child, metrics: metrics ?? '' };
  }
  throw new Error('it ended');
}

test('an agent is enrolled, runs, says how it stands, and ends in order', async (t) => {
  const service = await givenAgentService(t);
  const dir = join(givenFolder(t), 'agent');
  assert.deepEqual(await certpacks('enrol', printEdgeToken(service.token), '--dir', dir), {
    code: 0,
    said: `${dir} is that of the agent of edge fra-1 (bundled, production)\n`,
  });
  const { packId } = service.add(await givenPack(['a.example.com']));
  const file = join(dir, 'agent.toml');
  writeFileSync(file, '[edge]\nkind = "bundled"\naddress = "127.0.0.1:9"\n');
  const { child, metrics } = await givenProcess(
    t,
    '--dir',
    dir,
    '--config',
    file,
    '--metrics-listen',
    '127.0.0.1:0',
  );
  await until(() => service.reports.some(({ names }) => names === 1));
  const { said } = await certpacks('status', '--dir', dir);
  assert.match(said, /^service: +127\.0\.0\.1:\d+, connected$/m);
  assert.match(said, /^edge trouble: +edge bundled at 127\.0\.0\.1:9 cannot be reached \(ECONNREFUSED\)/m);
  const text = await (await fetch(metrics, deadline())).text();
  assert.match(text, /^certpacks_agent_connected 1$/m);
  assert.match(text, /^certpacks_agent_packs 1$/m);
  const second = await certpacks('run', '--dir', dir, '--config', file);
  assert.match(second.said, /another process listens on .*agent\.sock/);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit', deadline()), [0, null]);
  assert.ok(packId);
});

test('a file for another kind than the machine was enrolled for ends it with a sentence', async (t) => {
  const dir = await givenEnrolled(t, await givenAgentService(t));
  const file = join(dir, 'agent.toml');
  writeFileSync(file, '[edge]\nkind = "nginx"\n');
  const { code, said } = await certpacks('run', '--dir', dir, '--config', file);
  assert.equal(code, 1);
  assert.match(said, /the file is for an edge of kind nginx, and edge fra-1 is of kind bundled/);
});

test('the unit of the agent is one, as systemd sees it', needs('systemd-analyze', 'systemd'), () => {
  execFileSync('systemd-analyze', ['verify', UNIT], { stdio: 'pipe', timeout: 30_000 });
});
