/** What commands do for people: names, one screen, long work that goes on, colours. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { commandsAt, MAIN, plainEnvironment } from '../support/commands.ts';
import { type DevWorld, startDev } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

const { certpacks, printed, askOne, askAll } = commandsAt(() => world);

it('takes zones by their names wherever it takes their ids', () => {
  const zone = askOne('zone', 'create', 'named.test', '--type', 'full');
  assert.equal(askOne('zone', 'get', 'Named.test.').id, zone.id);
  assert.deepEqual(askAll('packs', 'list', '--zone', 'named.test'), []);
  const none = certpacks(['packs', 'list', '--zone', 'named.test', '--api', world.api]);
  assert.match(none.err, /no pack of the zone is served; --status all lists/);
  const token = printed('token', 'create', 'named', '--zone', 'named.test', zone.id);
  assert.match(token, new RegExp(`account.zone.${zone.id}`));
  assert.equal(askAll('audit', '--zone', 'named.test').length > 0, true);
  const unknown = certpacks(['packs', 'list', '--zone', 'other.test', '--api', world.api]);
  assert.deepEqual([unknown.status, /sees no zone other\.test/.test(unknown.err)], [1, true], unknown.err);
  assert.equal(askOne('zone', 'delete', 'named.test').id, zone.id);
});

it('shows how an account stands in one screen', () => {
  const zone = askOne('zone', 'create', 'stands.test', '--type', 'full');
  askOne('packs', 'order', 'stands.test', '--zone', zone.id, '--wait');
  const { status, out, err } = certpacks(['status', '--api', world.api]);
  assert.equal(status, 0, err);
  assert.match(out, /^active +[1-9]\d*$/m);
  assert.match(out, /^waiting for customer +\d+$/m);
  assert.match(out, /^20\d\d-\d\d-\d\d +[1-9]\d* #+$/m);
  assert.match(out, /^lets_encrypt +[1-9]\d* {2}the soonest ends 20\d\d-\d\d-\d\d$/m);
  assert(out.split('\n').length <= 40, out);
  assert.equal(askOne('zone', 'delete', 'stands.test').id, zone.id);
});

it('shows what happened to a pack, and what happens to all of an account as it does', async () => {
  const zone = askOne('zone', 'create', 'told.test', '--type', 'full');
  const child = spawn(process.execPath, [MAIN, 'packs', 'events', '--follow', '--api', world.api], {
    env: { ...plainEnvironment(), CERTPACKS_TOKEN: world.token },
    timeout: 60_000,
  });
  let out = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  await once(child.stderr, 'data');
  const closed = once(child, 'close');
  const { id } = askOne('packs', 'order', 'told.test', '--zone', zone.id, '--wait');
  const served = new RegExp(`^20\\S+Z ${id} \\S+ pending_deployment → active, by us$`, 'm');
  for (const end = Date.now() + 30_000; !served.test(out) && Date.now() < end; ) await delay(100);
  child.kill('SIGINT');
  await closed;
  assert.match(out, served);
  assert.match(out, new RegExp(`^20\\S+Z ${id} ordered  → initializing, by customer`, 'm'));
  const shown = certpacks(['packs', 'events', id, '--zone', 'told.test', '--api', world.api]);
  assert.match(shown.out, /^TIME +CAUSE +FROM +TO +BY *\n20\S+ +\S+ +pending_deployment +active +us/);
  assert.equal(askAll('packs', 'events', id, '--zone', 'told.test', '--most', '2').length, 2);
  assert.equal(certpacks(['packs', 'events', '--api', world.api]).status, 1);
  const nobody = certpacks([
    'packs',
    'events',
    '--follow',
    '--account',
    'a',
    '--api',
    'http://127.0.0.1:9/client/v4',
  ]);
  assert.equal(nobody.status, 3, nobody.err);
  assert.equal(askOne('zone', 'delete', 'told.test').id, zone.id);
});

it('exports every pack of a zone, and goes on where the stream breaks off', async (t) => {
  const packs = Array.from({ length: 5 }, (_, i) => ({ id: `p${i}`, name: '\u202eevil' }));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://here');
    const begin = Number(url.searchParams.get('cursor') ?? '-1') + 1;
    if (!url.pathname.endsWith('/export')) {
      const info = { page: 1, per_page: 5, count: 5, total_count: 5, total_pages: 1 };
      response.end(
        JSON.stringify({ success: true, errors: [], messages: [], result: [], result_info: info }),
      );
      return;
    }
    asked.push(url.searchParams.get('cursor') ?? '');
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const some = packs.slice(begin, asked.length === 1 ? 2 : undefined);
    for (const [i, pack] of some.entries())
      response.write(`${JSON.stringify({ cursor: String(begin + i), pack })}\n`);
    if (asked.length > 1) response.end('{"end":true,"count":5}\n');
    else setTimeout(() => response.destroy(), 200);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const args = ['packs', 'export', '--zone', 'z1', '--api', `http://127.0.0.1:${port}/client/v4`];
  const env = { ...plainEnvironment(), CERTPACKS_TOKEN: 'x' };
  const child = spawn(process.execPath, [MAIN, ...args], { env, timeout: 30_000 });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  const [status] = await once(child, 'close');
  assert.equal(status, 0, err);
  assert.deepEqual(asked, ['', '1']);
  const lines = out.trim().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    packs,
  );
  assert(!out.includes('\u202e'), 'what turns the direction of text stands as its number');
  assert.match(err, /broke off after 2 packs/);
});

/** `script` gives a program a terminal; asked for its version it would open a shell. */
const ON_TERMINAL = { skip: existsSync('/usr/bin/script') ? false : 'script is not on this machine' };
const ESCAPE = '\u001b';

it('has colours on a terminal alone', ON_TERMINAL, () => {
  askOne('zone', 'create', 'colour.test');
  const onTerminal = (args: string, more = {}) =>
    spawnSync('script', ['-qec', `${process.execPath} ${MAIN} ${args} --api ${world.api}`, '/dev/null'], {
      env: { ...plainEnvironment(), TERM: 'xterm', CERTPACKS_TOKEN: world.token, ...more },
      encoding: 'utf8',
      timeout: 60_000,
    }).stdout;
  assert(onTerminal('zone list').includes(`${ESCAPE}[32mactive`));
  assert(!onTerminal('zone list', { NO_COLOR: '1' }).includes(ESCAPE));
  assert(!certpacks(['zone', 'list', '--api', world.api]).out.includes(ESCAPE));
  assert.equal(askOne('zone', 'delete', 'colour.test').id.length, 32);
});
