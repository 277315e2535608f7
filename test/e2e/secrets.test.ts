/** Nothing that the service lets out holds a secret: answers, logs, metrics, backups, crash reports. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { sealOf } from '../../src/kit/seal.ts';
import { purposeOf } from '../../src/operation/rewrap-keys.ts';
import { CERTIFICATE_AUTHORITIES } from '../../src/pack/pack.ts';
import type { StartedSimulator } from '../../src/simulator/start.ts';
import { listSealedOtherwise, SEALED_PLACES } from '../../src/store/sealed.ts';
import { type Ground, startGround } from '../support/ground.ts';
import { freePort } from '../support/ports.ts';
import { type Needle, needleOf, needlesOf, secretsIn, textNeedle } from '../support/secrets.ts';
import { RESPONDERS, type Serving, socketOf, startServe, writeConfiguration } from '../support/serve.ts';
import { until } from '../support/world.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

interface Scene extends Omit<Ground, 'databaseUrl' | 'simulator'> {
  readonly env: Readonly<Record<string, string>>;
  readonly serving: Serving;
  readonly edge: { readonly port: number; readonly written: () => string };
  /** Secrets that were there before anything was made. */
  readonly given: readonly Needle[];
  readonly kek: Buffer;
}

/** Makes the process fail as nothing foresaw, when it is told to. */
const FAIL =
  "process.on('SIGWINCH', () => { setImmediate(() => { throw new Error('nobody foresaw this'); }); });";

/** A service and an edge as processes of their own, that log all they can and report when they crash. */
async function given(t: TestContext): Promise<Scene> {
  const { databaseUrl, simulator, ...ground } = await startGround(t, 'secrets');
  const { dir, pool, token } = ground;
  const pull = socketOf(dir, 0);
  const edge = await startEdgeProcess(t, pull);
  const kek = randomBytes(32);
  const options = ['--report-uncaught-exception', '--report-on-signal', '--report-signal=SIGUSR2'];
  const env = {
    CERTPACKS_CONFIG: writeConfiguration(dir, simulator, [edge]),
    CERTPACKS_DATABASE_URL: databaseUrl,
    CERTPACKS_DATA_DIR: dir,
    CERTPACKS_EDGE_SOCKET: pull,
    CERTPACKS_KEK: kek.toString('base64'),
    CERTPACKS_LOG_LEVEL: 'trace',
    CERTPACKS_METRICS_LISTEN: '127.0.0.1:0',
    CERTPACKS_RSA_KEYS: '2',
    CERTPACKS_ORDER_WAIT_S: '5',
    CERTPACKS_DNS_LISTEN: RESPONDERS.map((address) => `${address}:${simulator.dnsPort}`).join(),
    NODE_OPTIONS: [
      ...options,
      `--report-dir=${dir}`,
      `--import data:text/javascript,${encodeURIComponent(FAIL)}`,
    ].join(' '),
  };
  const serving = await startServe(t, env);
  const { password } = pool.options;
  const known = [
    needleOf('the key-encryption key', kek),
    textNeedle('the token', token),
    ...(typeof password === 'string' && password !== ''
      ? [textNeedle('the database’s password', password)]
      : []),
    ...bindingsOf(simulator),
  ];
  return { ...ground, env, serving, edge, given: known, kek };
}

const bindingsOf = ({ cas }: StartedSimulator): Needle[] =>
  CERTIFICATE_AUTHORITIES.flatMap((name) => {
    const { eab } = cas[name];
    return eab ? [textNeedle(`the external account binding of ${name}`, eab.hmacKey)] : [];
  });

async function startEdgeProcess(t: TestContext, pull: string): Promise<Scene['edge']> {
  const port = await freePort();
  const args = [MAIN, 'edge', '--pull', pull, '--host', '127.0.0.1', '--port', String(port)];
  const env = { ...process.env, CERTPACKS_LOG_LEVEL: 'trace' };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const written: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => written.push(chunk.toString()));
  await until(
    async () => written.join(''),
    (text) => text.includes('edge is ready'),
  );
  return { port, written: () => written.join('') };
}

it('no secret is in any answer, log, metric, backup or crash report', { timeout: 150_000 }, async (t) => {
  const scene = await given(t);
  const { serving, pool } = scene;
  const answers = await live(scene);
  const needles = [...scene.given, ...(await keysOf(scene))];
  // Two certificates of three CAs, and accounts at these, one of which has an RSA key; two secrets of a webhook, one of PagerDuty.
  assert(needles.length >= 6 + 3 * 3 + 3 + 3, `${needles.length} secrets are looked for`);

  const backup = join(scene.dir, 'all.gz');
  await promisify(execFile)(process.execPath, [MAIN, 'backup', backup], {
    env: { ...process.env, ...scene.env, NODE_OPTIONS: '' },
  });
  const metrics = serving.said
    .map((line): { metrics?: string } => JSON.parse(line))
    .find((line) => line.metrics);
  const told = await (await fetch(metrics?.metrics ?? '')).text();
  serving.child.kill('SIGUSR2');
  const report = async () => readdirSync(scene.dir).filter((name) => name.startsWith('report.'));
  await until(report, ({ length }) => length === 1);
  // What it logs of a database that is not there any more, and then of its own end.
  await pool.query('alter table packs rename to packs_taken_away');
  answers.push(
    await textOf(scene, 'GET', `/zones`),
    await textOf(scene, 'GET', `/accounts/${scene.accountId}/ssl/certificate_packs`),
  );
  const exit = once(serving.child, 'exit');
  serving.child.kill('SIGWINCH');
  await exit;
  await until(report, ({ length }) => length === 2);

  const logs = serving.written();
  assert.match(logs, /nobody foresaw this/);
  assert.match(logs, /"level":(10|20)/, 'it logs in detail');
  const places: Readonly<Record<string, string | Buffer>> = {
    ...Object.fromEntries(answers.map((text, i) => [`answer ${i}: ${text.slice(0, 60)}`, text])),
    'the log of the service': logs,
    'the log of the edge': scene.edge.written(),
    'the metrics': told,
    'the backup': gunzipSync(readFileSync(backup)),
    ...Object.fromEntries((await report()).map((name) => [name, readFileSync(join(scene.dir, name))])),
  };
  for (const [place, text] of Object.entries(places)) {
    assert(text.length > 0, place);
    assert.deepEqual(secretsIn(text, needles), [], place);
    assert(!text.includes('PRIVATE KEY'), place);
  }
});

const orderOf = (host: string, ca: string) => ({
  type: 'advanced',
  hosts: [host],
  certificate_authority: ca,
  validation_method: 'txt',
  validity_days: 90,
});

type Ask = (method: string, path: string, body?: object) => Promise<{ id: string; status: string }>;

/** Two webhooks, one of which cannot be, and a service of PagerDuty, each with secrets. */
async function alert(scene: Scene, alerting: string, ask: Ask): Promise<void> {
  // Its key is in this answer, and in no other.
  const hook = {
    name: 'hook',
    url: 'http://alerts.secret.test:8080/',
    secret: randomBytes(20).toString('hex'),
  };
  await textOf(scene, 'POST', `${alerting}/destinations/webhooks`, hook);
  await ask('POST', `${alerting}/destinations/webhooks`, { ...hook, url: 'https://127.0.0.1/' });
  const integration_key = randomBytes(16).toString('hex');
  await ask('POST', `${alerting}/destinations/pagerduty`, { name: 'on call', integration_key });
}

/** Orders at three CAs, all that can be asked of the API, good and bad. The answers' texts. */
async function live(scene: Scene): Promise<string[]> {
  const answers: string[] = [];
  const ask: Ask = async (method, path, body) => {
    const text = await textOf(scene, method, path, body);
    answers.push(text);
    const { result }: { result: { id: string; status: string } | null } = JSON.parse(text);
    return result ?? { id: '', status: '' };
  };
  const zone = await ask('POST', '/zones', { name: 'secret.test', type: 'full' });
  const partial = await ask('POST', '/zones', { name: 'elsewhere.test', type: 'partial' });
  const packs = `/zones/${zone.id}/ssl/certificate_packs`;
  const ordered: string[] = [];
  for (const ca of CERTIFICATE_AUTHORITIES)
    ordered.push(
      (await ask('POST', `${packs}/order`, orderOf(`${ca.replace('_', '-')}.secret.test`, ca))).id,
    );
  await ask('POST', `/zones/${partial.id}/ssl/certificate_packs/order`, orderOf('elsewhere.test', 'google'));
  await ask('POST', `${packs}/order`, orderOf('other.test', 'google'));
  for (const id of ordered) {
    const look = () => ask('GET', `${packs}/${id}`);
    await until(look, ({ status }) => status === 'active', 60);
  }
  const alerting = `/accounts/${scene.accountId}/alerting/v3`;
  await alert(scene, alerting, ask);
  for (const path of [
    `${alerting}/destinations/webhooks`,
    `${alerting}/destinations/pagerduty`,
    `${alerting}/deliveries`,
    '/zones',
    packs,
    `${packs}?status=all`,
    `${packs}?page=x`,
    `${packs}/${ordered[0]}/revoke`,
    `/accounts/${scene.accountId}/ssl/certificate_packs`,
    `/accounts/${scene.accountId}/logs/audit`,
    `/zones/${zone.id}/dcv_delegation/uuid`,
    '/user/tokens',
    '/user/tokens/verify',
    '/openapi.json',
  ])
    answers.push(await textOf(scene, 'GET', path));
  answers.push(
    await textOf(scene, 'GET', `${packs}/export`),
    await textOf(scene, 'POST', `${packs}/order`, {}),
  );
  await ask('POST', `${packs}/${ordered[0]}/revoke`, { reason: 'keyCompromise' });
  return answers;
}

async function textOf(
  { serving, token }: Scene,
  method: string,
  path: string,
  body?: object,
): Promise<string> {
  const answer = await fetch(`${serving.api}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(30_000),
    ...(body && { body: JSON.stringify(body) }),
  });
  return answer.text();
}

/** What makes every private key in the database private, and whatever else is sealed there. */
async function keysOf({ pool, kek }: Scene): Promise<Needle[]> {
  const seal = sealOf(kek);
  const needles: Needle[] = [];
  for (const place of SEALED_PLACES)
    for (const row of await listSealedOtherwise(pool, place, ['none'], 1_000)) {
      const what = `${place} ${row.key.join(' ')}`;
      const text = seal.open(row.sealed, purposeOf(row)).toString();
      needles.push(...(text.includes('PRIVATE KEY') ? needlesOf(what, text) : [textNeedle(what, text)]));
    }
  return needles;
}
