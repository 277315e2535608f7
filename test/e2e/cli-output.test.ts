/** What commands print of what they are told: nothing that a terminal obeys, and all of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { createServer } from 'node:http';
import { it, type TestContext } from 'node:test';
import { MAIN, plainEnvironment } from '../support/commands.ts';

/** Everything that a terminal could obey, or that hides what is before it. */
const EVIL = '\u001b[2J\u009bevil\u202e.test\u2066\u200b\u200f\u061c\u007f\ufeff';

function assertPlain(said: string): void {
  assert.doesNotMatch(said.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
}

const ERRORS = [{ code: 1400, message: `no ${EVIL}\ncertpacks: all is well` }];
const PACK = {
  id: EVIL,
  status: 'validation_timed_out',
  hosts: [EVIL],
  validation_errors: [{ message: EVIL }],
};
const EXPLAINED = {
  waits_for: EVIL,
  whose_move: EVIL,
  next_step: EVIL,
  reasons: [EVIL],
  notes: [EVIL],
  since: EVIL,
  renewal: { [EVIL]: EVIL },
  evidence: [{ who: EVIL, about: EVIL, said: EVIL, at: EVIL }],
  records: [{ line: EVIL }],
  files: [{ url: EVIL, body: EVIL }],
};
const TOKEN = { id: 'x', value: `cp_${EVIL}`, name: EVIL };

/** An API that answers every request with such names. Its base URL. */
async function givenApi(t: TestContext): Promise<string> {
  const server = createServer(({ method, url = '' }, response) => {
    const isOne = method !== 'GET' || url.endsWith('/one');
    const one = url.includes('tokens') ? TOKEN : PACK;
    const whole = url.endsWith('/explain') ? EXPLAINED : url.endsWith('/value') ? EVIL : undefined;
    const result = whole ?? (isOne ? one : [one]);
    const body = url.includes('refused')
      ? { success: false, errors: ERRORS, messages: [], result: null }
      : { success: true, errors: [], messages: [], result, result_info: { total_pages: 1 } };
    response.end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/client/v4`;
}

interface Said {
  readonly out: string;
  readonly err: string;
}

async function certpacks(args: readonly string[]): Promise<Said> {
  const env = { ...plainEnvironment(), CERTPACKS_TOKEN: 'x' };
  const child = spawn(process.execPath, [MAIN, ...args], { env, timeout: 60_000 });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  await once(child, 'close');
  return { out, err };
}

const CALLS = [
  ['zone', 'list'],
  ['zone', 'list', '--json'],
  ['zone', 'get', 'refused'],
  ['packs', 'list', '--zone', 'z'],
  ['packs', 'get', 'one', '--zone', 'z', '--json'],
  ['packs', 'explain', 'one', '--zone', 'z'],
  ['packs', 'order', EVIL, '--zone', 'z', '--wait'],
  ['packs', 'revoke', 'one', '--zone', 'z'],
  ['token', 'list'],
  ['token', 'roll', 'one'],
  ['token', 'disable', 'one', '--json'],
  ['audit', '--account', 'refused'],
];
for (const call of CALLS) {
  it(`${call.slice(0, 2).join(' ')}${call.includes('--json') ? ' --json' : ''} prints nothing that a terminal obeys`, async (t) => {
    const { out, err } = await certpacks([...call, '--api', await givenApi(t)]);
    assert(out.length + err.length > 0);
    assertPlain(out);
    assertPlain(err);
  });
}

it('what is wrong with a call is said in words that a terminal does not obey', async () => {
  const calls = [[EVIL], ['packs', 'list', '--zone', 'z', `--${EVIL}`], ['zone', 'get', 'x', '--api', EVIL]];
  for (const call of calls) {
    const { err } = await certpacks(call);
    assert.match(err, /evil/);
    assertPlain(err);
  }
});

it('a refusal cannot make a line of its own', async (t) => {
  const { err } = await certpacks(['zone', 'get', 'refused', '--api', await givenApi(t)]);
  assert.equal(err.trim().split('\n').length, 1, err);
});

it('JSON that is printed means what was answered', async (t) => {
  const { out } = await certpacks([
    'packs',
    'get',
    'one',
    '--zone',
    'z',
    '--json',
    '--api',
    await givenApi(t),
  ]);
  assert.deepEqual(JSON.parse(out), PACK);
});

/** A command whose standard output is `to`: what it says, and how it ends. */
async function certpacksTo(to: 'nobody' | number, args: readonly string[]) {
  const env = { ...plainEnvironment(), CERTPACKS_TOKEN: 'x' };
  const stdio = ['ignore', to === 'nobody' ? 'pipe' : to, 'pipe'] as const;
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: [...stdio], timeout: 60_000 });
  child.stdout?.destroy();
  let err = '';
  child.stderr?.on('data', (chunk) => (err += String(chunk)));
  const [status] = await once(child, 'close');
  return { status, err };
}

it('a command whose answer nobody reads any more ends without a word, as any program does', async (t) => {
  const api = await givenApi(t);
  for (const args of [[], ['--json']])
    assert.deepEqual(await certpacksTo('nobody', ['zone', 'list', ...args, '--api', api]), {
      status: 141,
      err: '',
    });
});

it('an answer that cannot be written is told in a sentence', {
  skip: !existsSync('/dev/full'),
}, async (t) => {
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  const { status, err } = await certpacksTo(full, ['zone', 'list', '--api', await givenApi(t)]);
  assert.equal(status, 1);
  assert.equal(err, 'certpacks: the standard output cannot be written (ENOSPC)\n');
});
