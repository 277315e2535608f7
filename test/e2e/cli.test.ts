/** The commands that are clients of the API, as processes of their own. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { after, before, it } from 'node:test';
import { commandsAt, MAIN, plainEnvironment, type Ran } from '../support/commands.ts';
import { type DevWorld, startDev } from '../support/world.ts';

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

const { certpacks, printed, askOne, askAll } = commandsAt(() => world);

it('makes a zone, orders a pack, waits for it with its progress, and lists it as a table', () => {
  const zone = askOne('zone', 'create', 'shop.test', '--type', 'full');
  const ordered = certpacks([
    'packs',
    'order',
    'shop.test',
    'www.shop.test',
    '--zone',
    zone.id,
    '--wait',
    '--api',
    world.api,
  ]);
  assert.equal(ordered.status, 0, ordered.err);
  assert.match(ordered.err, /active\n$/);
  const { out } = certpacks(['packs', 'list', '--zone', zone.id, '--api', world.api]);
  assert.match(
    out,
    /^ID +TYPE +STATUS +EXPIRES +LIFE_LEFT +CA +HOSTS +CAUSE\n[0-9a-f-]{36} +advanced +active +20\d\d-\d\d-\d\d +100 % +lets_encrypt +shop\.test www\.shop\.test\n/,
  );
  const [pack] = askAll('packs', 'list', '--zone', zone.id);
  assert.equal(askOne('packs', 'get', pack?.id ?? '', '--zone', zone.id).status, 'active');
  assert.equal(askOne('packs', 'delete', pack?.id ?? '', '--zone', zone.id).id, pack?.id);
  assert.equal(askOne('zone', 'delete', zone.id).id, zone.id);
});

it('orders a pack for the staging edges, takes it to the others, and back', () => {
  const zone = askOne('zone', 'create', 'staged.test', '--type', 'full');
  const at = ['--zone', zone.id];
  const pack = askOne('packs', 'order', 'staged.test', ...at, '--deploy', 'staging', '--wait');
  assert.equal(pack.status, 'staging_active');
  assert.equal(askOne('packs', 'deploy', pack.id, 'production', ...at).status, 'pending_deployment');
  const { status } = askOne('packs', 'deploy', pack.id, 'production', ...at);
  assert.match(status, /^(pending_deployment|active)$/, 'the same again');
  assert.equal(askOne('packs', 'deploy', pack.id, 'staging', ...at).status, 'staging_deployment');
  const wrong = certpacks(['packs', 'deploy', pack.id, 'both', ...at, '--api', world.api]);
  assert.deepEqual([wrong.status, /production, staging/.test(wrong.err)], [1, true], wrong.err);
  askOne('zone', 'delete', zone.id);
});

it('reads lists to their end', () => {
  const names = Array.from({ length: 53 }, (_, i) => `z${i}.test`);
  for (const name of names.slice(0, 3)) askOne('zone', 'create', name);
  const made = names.slice(3).map((name) =>
    fetch(`${world.api}/zones`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name, type: 'partial' }),
    }),
  );
  return Promise.all(made).then(() => assert(askAll('zone', 'list').length >= 53));
});

it('ends with 2 where the API refuses, 3 where none answers, 1 for what is wrong with the call', () => {
  const refused = certpacks(['zone', 'get', '0'.repeat(32), '--api', world.api]);
  assert.deepEqual([refused.status, /not found \(9109\)/.test(refused.err)], [2, true], refused.err);
  const nobody = certpacks(['zone', 'list', '--api', 'http://127.0.0.1:59999/client/v4']);
  assert.deepEqual([nobody.status, /ECONNREFUSED/.test(nobody.err)], [3, true], nobody.err);
  const bare = certpacks(['zone', 'list', '--api', world.api], {});
  assert.deepEqual([bare.status, /CERTPACKS_TOKEN or CLOUDFLARE_API_TOKEN/.test(bare.err)], [1, true]);
  assert.equal(certpacks(['packs', 'list']).status, 1);
});

it('takes Cloudflare’s variables, sends nothing that only we know, and lets no answer move the cursor', async (t) => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(
      `${request.method} ${request.url} ${String(request.headers['x-auth-email'])} ${String(request.headers['x-auth-key'])}`,
    );
    const result = [
      { id: '1', name: '\u001b[2Jevil.test', type: 'full', status: 'active', created_on: 'x\nforged' },
    ];
    const info = { page: 1, per_page: 50, count: 1, total_count: 1, total_pages: 1 };
    response.end(JSON.stringify({ success: true, errors: [], messages: [], result, result_info: info }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const env = {
    ...plainEnvironment(),
    CLOUDFLARE_EMAIL: 'me@example.com',
    CLOUDFLARE_API_KEY: 'abc',
  };
  const child = spawn(
    process.execPath,
    [MAIN, 'zone', 'list', '--api', `http://127.0.0.1:${port}/client/v4`],
    { env },
  );
  let out = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.on('exit', (status) => resolve({ status, out, err: '' }));
  const ran = await promise;
  assert.equal(ran.status, 0);
  assert.deepEqual(seen, ['GET /client/v4/zones?page=1&per_page=50 me@example.com abc']);
  assert.match(ran.out, / \\u001b\[2Jevil\.test /);
  assert.equal(ran.out.trim().split('\n').length, 2, 'a value makes no line of its own');
});

it('completes commands and options in a real bash', () => {
  const script =
    'source <("$0" "$1" completion bash); COMP_WORDS=($2); COMP_CWORD=$3; _certpacks; echo "${COMPREPLY[@]}"';
  const complete = (line: string, at: number) =>
    execFileSync('bash', ['-c', script, process.execPath, MAIN, line, String(at)], {
      encoding: 'utf8',
    }).trim();
  assert.equal(complete('certpacks ba', 1), 'backup');
  assert.equal(complete('certpacks packs or', 2), 'order');
  assert.match(complete('certpacks packs order --z', 3), /^--zone$/);
});

it('makes a token that may do what was said and no more', () => {
  const zone = askOne('zone', 'create', 'narrow.test');
  const made = certpacks([
    'token',
    'create',
    'narrow',
    '--access',
    'read',
    '--zone',
    zone.id,
    '--api',
    world.api,
  ]);
  assert.equal(made.status, 0, made.err);
  assert.match(made.out, /^cp_[\w-]+\n$/);
  const as = (...args: string[]) =>
    certpacks([...args, '--api', world.api], { CERTPACKS_TOKEN: made.out.trim() });
  assert.equal(as('packs', 'list', '--zone', zone.id).status, 0);
  const refused = as('zone', 'create', 'other.test');
  assert.deepEqual([refused.status, /has no 'Zone Write'/.test(refused.err)], [2, true]);
  const odd = certpacks(['token', 'create', 'odd', '--access', 'all', '--api', world.api]);
  assert.deepEqual(
    [odd.status, /--access must be one of read, certificates, write/.test(odd.err)],
    [1, true],
  );
});

it('shows who did what, as a table and as JSON', () => {
  const zone = askOne('zone', 'create', 'watched.test');
  const table = certpacks(['audit', '--zone', zone.id, '--api', world.api]);
  assert.equal(table.status, 0, table.err);
  assert.match(
    table.out,
    /^TIME +DID +RESOURCE +ID +ZONE +BY +FROM\n[\dT:.Z-]+ +create +zone +[0-9a-f]{32} +watched\.test +\S+ +127\.0\.0\.1\n$/,
  );
  const pack = askOne('packs', 'order', 'watched.test', '--zone', zone.id);
  const [ordered] = JSON.parse(printed('audit', '--zone', zone.id, '--most', '1'));
  assert.deepEqual([ordered.action.description, ordered.resource.id], ['order', pack.id]);
  askOne('zone', 'delete', zone.id);
  const records: unknown = JSON.parse(printed('audit', '--zone', zone.id, '--most', '1'));
  assert(Array.isArray(records) && records.length === 1);
  assert.match(JSON.stringify(records), /"type":"delete"/);
});
