/** What the world does to a process of `certpacks serve`: clocks, readers of logs, resolvers, signals. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { openSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Cloudflare from 'cloudflare';
import { type Ground, startGround } from '../support/ground.ts';
import {
  RESPONDERS,
  type Serving,
  socketOf,
  startEdge,
  startServe,
  writeConfiguration,
} from '../support/serve.ts';
import { until } from '../support/world.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LIMIT = { timeout: 170_000 };

interface Scene extends Ground {
  /** What a process is started with. */
  readonly options: Readonly<Record<string, string>>;
  readonly client: (api: string) => Cloudflare;
}

async function given(t: TestContext, name: string): Promise<Scene> {
  const ground = await startGround(t, name);
  const { dir, databaseUrl, simulator, token } = ground;
  const edge = await startEdge(t, socketOf(dir, 0));
  const options = {
    CERTPACKS_CONFIG: writeConfiguration(dir, simulator, [edge]),
    CERTPACKS_DATABASE_URL: databaseUrl,
    CERTPACKS_DATA_DIR: dir,
    CERTPACKS_EDGE_SOCKET: socketOf(dir, 0),
    CERTPACKS_DNS_LISTEN: RESPONDERS.map((address) => `${address}:${simulator.dnsPort}`).join(','),
    CERTPACKS_METRICS_LISTEN: '127.0.0.1:0',
    CERTPACKS_RSA_KEYS: '0',
    CERTPACKS_STOP_TIMEOUT_S: '4',
  };
  const client = (api: string) => new Cloudflare({ apiToken: token, baseURL: api, maxRetries: 0 });
  return { ...ground, options, client };
}

async function givenPack({ client, accountId }: Scene, { api }: Serving, name: string) {
  const cloudflare = client(api);
  const zone = await cloudflare.zones.create({ account: { id: accountId }, name, type: 'full' });
  const { id } = await cloudflare.ssl.certificatePacks.create({
    zone_id: zone.id,
    type: 'advanced',
    hosts: [name],
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
  });
  const get = () => cloudflare.ssl.certificatePacks.get(id, { zone_id: zone.id });
  return { id, get };
}

const linesOf = ({ written }: Serving): Record<string, unknown>[] =>
  written()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
const warned = (serving: Serving): string[] =>
  linesOf(serving)
    .filter(({ level }) => level === 40)
    .map(({ msg }) => String(msg));

/** How long, in milliseconds, a process takes to end once it is asked, and with which status. */
async function endOf(child: ChildProcess): Promise<{ ms: number; code: unknown; signal: unknown }> {
  const exit = once(child, 'exit');
  const began = performance.now();
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const [code, signal]: unknown[] = await exit;
  clearTimeout(killer);
  return { ms: performance.now() - began, code, signal };
}

/** A module that sets the time of its process ahead by what is in a file, in seconds. */
const SHIFT = `
  import { readFileSync } from 'node:fs';
  const now = Date.now;
  let ahead = 0;
  const read = () => { ahead = Number(readFileSync(process.env.SHIFT_FILE, 'utf8')) * 1000; };
  read();
  setInterval(read, 50).unref();
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...args) { if (args.length === 0) super(now() + ahead); else super(...args); }
    static now() { return now() + ahead; }
  };
`;

test(
  'a process whose clock is an hour ahead says so, takes no work, and goes on with what waits when it is right',
  LIMIT,
  async (t) => {
    const scene = await given(t, 'clock');
    const [shift, file] = [join(scene.dir, 'shift.mjs'), join(scene.dir, 'shift')];
    writeFileSync(shift, SHIFT);
    writeFileSync(file, '3600');
    const serving = await startServe(t, {
      ...scene.options,
      NODE_OPTIONS: `--import=${shift}`,
      SHIFT_FILE: file,
    });
    assert.equal(warned(serving).filter((msg) => /clock .* is off: it is 3600 s ahead/.test(msg)).length, 1);
    const origin = new URL(serving.api).origin;
    const ready = await fetch(`${origin}/readyz`);
    assert.equal(ready.status, 200);
    assert.match(await ready.text(), /3600 s ahead of the database/);
    const metrics = String(linesOf(serving).find((line) => 'metrics' in line)?.['metrics']);
    assert.match(await (await fetch(metrics)).text(), /^certpacks_clock_skew_seconds 3(?:599|600)/m);
    const { id, get } = await givenPack(scene, serving, 'clock.test');
    await delay(2_000);
    const claims = async () =>
      (await scene.pool.query<{ claim: number }>('select claim from packs where id = $1', [id])).rows[0]
        ?.claim;
    assert.equal(await claims(), 0, 'nobody took it');
    writeFileSync(file, '0');
    await until(get, ({ status }) => status === 'active', 40);
    assert(warned(serving).some((msg) => /clock .* is right again/.test(msg)));
    assert.doesNotMatch(await (await fetch(`${origin}/readyz`)).text(), /ahead/);
  },
);

test(
  'a log that nobody reads neither stops the process nor keeps it from ending, and what is missing is counted',
  LIMIT,
  async (t) => {
    const scene = await given(t, 'log');
    const pipe = join(scene.dir, 'pipe');
    execFileSync('mkfifo', [pipe]);
    // Somebody has it open, so that it can be written, and never reads.
    openSync(pipe, 'r+');
    const child = spawn(process.execPath, [MAIN, 'serve'], {
      env: {
        ...process.env,
        ...scene.options,
        CERTPACKS_PORT: '18787',
        CERTPACKS_METRICS_LISTEN: '127.0.0.1:19464',
      },
      stdio: ['ignore', 'ignore', openSync(pipe, 'r+')],
    });
    t.after(() => child.kill('SIGKILL'));
    const ask = (path: string) =>
      fetch(`http://127.0.0.1:18787${path}`, { signal: AbortSignal.timeout(10_000) }).then(
        (answer) => answer.status,
        () => 0,
      );
    await until(
      () => ask('/readyz'),
      (status) => status === 200,
      40,
    );
    const path = `/client/v4/zones/${'x'.repeat(150)}`;
    for (let i = 0; i < 80; i++) await Promise.all(Array.from({ length: 100 }, () => ask(path)));
    assert.equal(await ask('/readyz'), 200);
    const told = await (await fetch('http://127.0.0.1:19464/metrics')).text();
    const dropped = /^certpacks_log_lines_dropped_total (\d+)/m.exec(told)?.[1];
    assert(Number(dropped) > 0, told.slice(0, 200));
    const { ms, code } = await endOf(child);
    assert.deepEqual([code, ms < 5_000], [0, true], `${ms} ms`);
  },
);

test('a log that is read by a socket which is full keeps no process from ending', LIMIT, async (t) => {
  const scene = await given(t, 'socket');
  const serving = await startServe(t, scene.options);
  serving.child.stderr?.pause();
  const origin = new URL(serving.api).origin;
  const path = `${origin}/client/v4/zones/${'x'.repeat(150)}`;
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 100 }, () => fetch(path)));
  const { ms, code } = await endOf(serving.child);
  assert.deepEqual([code, ms < 5_000], [0, true], `${ms} ms`);
});

test('name servers that never answer keep no process from ending within its time', LIMIT, async (t) => {
  const scene = await given(t, 'silent');
  const silent = createSocket('udp4');
  silent.bind(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => silent.close());
  const serving = await startServe(t, {
    ...scene.options,
    CERTPACKS_DNS_ROOTS: '127.0.0.1',
    CERTPACKS_DNS_PORT: String(silent.address().port),
    CERTPACKS_STOP_TIMEOUT_S: '3',
  });
  await givenPack(scene, serving, 'silent.test').catch(() => undefined);
  await delay(1_000);
  const { ms, code } = await endOf(serving.child);
  assert.deepEqual([code, ms < 4_500], [0, true], `${ms} ms`);
});

const isLinuxRoot = process.platform === 'linux' && process.getuid?.() === 0;

test('a resolver of the system that hangs keeps no process from ending within its time', {
  ...LIMIT,
  skip: isLinuxRoot ? false : 'another resolver is set up by root on Linux',
}, async (t) => {
  const scene = await given(t, 'resolver');
  const silent = createSocket('udp4');
  silent.bind(53, '127.0.0.53');
  await once(silent, 'listening');
  t.after(() => silent.close());
  const resolv = join(scene.dir, 'resolv.conf');
  writeFileSync(resolv, 'nameserver 127.0.0.53\noptions timeout:5 attempts:3\n');
  // The CA has a name that has to be looked up.
  const config = join(scene.dir, 'named.toml');
  writeFileSync(
    config,
    `port = 0\ndns_roots = ["127.0.0.1"]\n[ca.google]\ndirectory_url = "https://ca.hangs.example/directory"\nagreed_to_terms = true\neab_kid = "x"\neab_hmac_key = "AAAAAAAAAAAAAAAAAAAAAA"\n`,
  );
  const inside = `mount --bind ${resolv} /etc/resolv.conf; exec "$0" "$1" serve`;
  const env = { ...process.env, ...scene.options, CERTPACKS_CONFIG: config, CERTPACKS_DNS_LISTEN: '' };
  const child = spawn('unshare', ['-m', 'sh', '-c', inside, process.execPath, MAIN], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const api = await until(
    async () => /"api":"([^"]+)"/.exec(said)?.[1],
    (found) => found !== undefined,
    40,
  );
  await givenPack(scene, { child, api: api ?? '', said: [], written: () => said }, 'resolver.test').catch(
    () => undefined,
  );
  await delay(500);
  const { ms, code } = await endOf(child);
  assert.deepEqual([code, ms < 4_000], [0, true], `${ms} ms ${said}`);
});

test('SIGUSR1 opens no debugger', LIMIT, async (t) => {
  const scene = await given(t, 'debugger');
  const serving = await startServe(t, scene.options);
  serving.child.kill('SIGUSR1');
  await delay(1_500);
  assert.doesNotMatch(serving.written(), /Debugger listening/);
  const socket = connect(9229, '127.0.0.1');
  const [what] = await Promise.race([
    once(socket, 'error').then(() => ['refused']),
    once(socket, 'connect').then(() => ['open']),
  ]);
  socket.destroy();
  assert.equal(what, 'refused');
  assert.equal((await fetch(`${new URL(serving.api).origin}/healthz`)).status, 200, 'it goes on');
});

for (const [what, host] of [
  ['any address', '0.0.0.0'],
  ['any address of IPv6', '::'],
  ['an address of a network', '192.0.2.1'],
] as const) {
  test(`serve does not start on ${what} without TLS unless it is told to`, { timeout: 60_000 }, async (t) => {
    const run = (...more: string[]) => {
      const child = spawn(process.execPath, [MAIN, 'serve', ...more], {
        env: { ...process.env, CERTPACKS_HOST: host, CERTPACKS_DATABASE_URL: 'postgres://127.0.0.1:9/none' },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      t.after(() => child.kill('SIGKILL'));
      return child;
    };
    const said = async (child: ReturnType<typeof run>) => {
      let text = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      const [code] = await once(child, 'exit');
      assert.equal(code, 1);
      return text;
    };
    assert.match(await said(run()), /without TLS.*tls_cert_file.*--insecure-http/);
    // It comes as far as the database, which is not there.
    assert.match(await said(run('--insecure-http')), /the database/);
  });
}
