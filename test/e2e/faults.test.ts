/** What the world does to a process of `certpacks serve`: clocks, readers of logs, resolvers. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Serving, startServe } from '../support/serve.ts';
import { endOf, givenPackOf, givenScene, LIMIT, MAIN } from '../support/serve-scene.ts';
import { until } from '../support/world.ts';

const linesOf = ({ written }: Serving): Record<string, unknown>[] =>
  written()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
const warned = (serving: Serving): string[] =>
  linesOf(serving)
    .filter(({ level }) => level === 40)
    .map(({ msg }) => String(msg));

/** HTTP status of an answer at the port that one test takes; 0: none. */
const ask = (path: string): Promise<number> =>
  fetch(`http://127.0.0.1:18787${path}`, { signal: AbortSignal.timeout(10_000) }).then(
    (answer) => answer.status,
    () => 0,
  );

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
    const scene = await givenScene(t, 'clock');
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
    const { id, get } = await givenPackOf(scene, serving, 'clock.test');
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
    const scene = await givenScene(t, 'log');
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
  const scene = await givenScene(t, 'socket');
  const serving = await startServe(t, scene.options);
  serving.child.stderr?.pause();
  const origin = new URL(serving.api).origin;
  const path = `${origin}/client/v4/zones/${'x'.repeat(150)}`;
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 100 }, () => fetch(path)));
  const { ms, code } = await endOf(serving.child);
  assert.deepEqual([code, ms < 5_000], [0, true], `${ms} ms`);
});

test('name servers that never answer keep no process from ending within its time', LIMIT, async (t) => {
  const scene = await givenScene(t, 'silent');
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
  await givenPackOf(scene, serving, 'silent.test').catch(() => undefined);
  await delay(1_000);
  const { ms, code } = await endOf(serving.child);
  assert.deepEqual([code, ms < 4_500], [0, true], `${ms} ms`);
});

const isLinuxRoot = process.platform === 'linux' && process.getuid?.() === 0;

test('a resolver of the system that hangs keeps no process from ending within its time', {
  ...LIMIT,
  skip: isLinuxRoot ? false : 'another resolver is set up by root on Linux',
}, async (t) => {
  const scene = await givenScene(t, 'resolver');
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
    `port = 0\ndns_roots = ["127.0.0.1"]\ninside_resolver = ""\n[ca.google]\ndirectory_url = "https://ca.hangs.example/directory"\nagreed_to_terms = true\neab_kid = "x"\neab_hmac_key = "AAAAAAAAAAAAAAAAAAAAAA"\n`,
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
  await givenPackOf(scene, { child, api: api ?? '', said: [], written: () => said }, 'resolver.test').catch(
    () => undefined,
  );
  await delay(500);
  const { ms, code } = await endOf(child);
  assert.deepEqual([code, ms < 4_000], [0, true], `${ms} ms ${said}`);
});
