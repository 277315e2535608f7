/** What an operator does with `certpacks serve`: TLS, logs, metrics, proxies, limits, and its end. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as ask } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { databaseEnvironment } from '../support/database.ts';
import { until } from '../support/world.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'certpacks-running-'));
const ends = new AsyncDisposableStack();
const lines: Record<string, unknown>[] = [];
let child: ReturnType<typeof spawn>;
let api: URL;
let metrics: string;
let token: string;
let exit: Promise<unknown[]>;

/** A certificate of its own for localhost, in place of the one that was there. */
function writeCertificate(name: string): void {
  const files = ['-keyout', join(dir, 'tls.key'), '-out', join(dir, 'tls.pem')];
  const what = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-days', '30', '-nodes'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...what, ...files], { stdio: 'ignore' });
  chmodSync(join(dir, 'tls.key'), 0o600);
}

before(
  async () => {
    chmodSync(dir, 0o711);
    writeCertificate('first');
    const database = await databaseEnvironment({
      after: (end) => ends.defer(async () => void (await end())),
    });
    const options = {
      CERTPACKS_DATA_DIR: join(dir, 'data'),
      CERTPACKS_PORT: '0',
      CERTPACKS_TLS_CERT_FILE: join(dir, 'tls.pem'),
      CERTPACKS_TLS_KEY_FILE: join(dir, 'tls.key'),
      CERTPACKS_METRICS_LISTEN: '127.0.0.1:0',
      CERTPACKS_TRUSTED_PROXIES: '127.0.0.0/8',
      CERTPACKS_BODY_LIMIT_KB: '4',
      CERTPACKS_RSA_KEYS: '0',
      CERTPACKS_STOP_TIMEOUT_S: '5',
    };
    const env = { ...process.env, ...database, ...options };
    token = execFileSync(process.execPath, [MAIN, 'token', 'create', '--first'], { env }).toString().trim();
    child = spawn(process.execPath, [MAIN, 'serve'], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    exit = once(child, 'exit');
    assert(child.stderr);
    createInterface(child.stderr).on('line', (line) => lines.push(JSON.parse(line)));
    const ready = await until(
      async () => lines.find(({ msg }) => msg === 'ready'),
      (found) => found !== undefined,
      40,
    );
    api = new URL(String(ready?.['api']));
    metrics = String(lines.find((line) => 'metrics' in line)?.['metrics']);
  },
  { timeout: 60_000 },
);
after(async () => {
  child.kill('SIGKILL');
  await exit;
  await ends.disposeAsync();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

interface Told {
  readonly status: number;
  readonly id: string;
  readonly body: string;
}

/** Asks over TLS, whoever signed. */
function told(path: string, headers: Record<string, string> = {}, body?: string): Promise<Told> {
  const { promise, resolve, reject } = Promise.withResolvers<Told>();
  const options = {
    rejectUnauthorized: false,
    headers,
    method: body === undefined ? 'GET' : 'POST',
    agent: false,
  };
  const request = ask(new URL(path, api), options, (response) => {
    const chunks: Buffer[] = [];
    response
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const id = String(response.headers['x-request-id']);
        resolve({ status: response.statusCode ?? 0, id, body: Buffer.concat(chunks).toString() });
      });
  });
  request.on('error', reject).setTimeout(10_000, () => request.destroy(new Error('no answer')));
  request.end(body);
  return promise;
}

const subjectShown = (): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connectTls(
    { port: Number(api.port), host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false },
    () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    },
  );
  socket.on('error', reject);
  return promise;
};

it('is served over TLS, shows other certificates when the files change, and keeps its own when they are bad', async () => {
  assert.equal(api.protocol, 'https:');
  assert.equal(await subjectShown(), 'first');
  const good = readFileSync(join(dir, 'tls.key'));
  writeFileSync(join(dir, 'tls.key'), 'not a key');
  await until(
    async () => lines.some(({ msg }) => /goes on with the certificates/.test(String(msg))),
    Boolean,
  );
  assert.equal(await subjectShown(), 'first');
  writeFileSync(join(dir, 'tls.key'), good);
  writeCertificate('second');
  await until(subjectShown, (subject) => subject === 'second');
  assert(!lines.some((line) => JSON.stringify(line).includes('PRIVATE KEY')));
});

it('names each request in its answer and in one line of the log, with the address that a trusted proxy tells', async () => {
  const headers = { authorization: 'Bearer cp_unknown-secret', 'x-forwarded-for': '203.0.113.7' };
  const { id, status } = await told('/client/v4/zones?name=secret.example', headers);
  assert.equal(status, 401);
  const line = await until(
    async () => lines.find((one) => one['request'] === id && one['msg'] === 'answered'),
    (found) => found !== undefined,
  );
  const { method, route, status: logged, address } = line ?? {};
  assert.deepEqual(
    { method, route, logged, address },
    { method: 'GET', route: '/client/v4/zones', logged: 401, address: '203.0.113.7' },
  );
  assert(!JSON.stringify(lines).includes('unknown-secret'), 'a token is in the log');
});

it('refuses a body and a head that are larger than the options allow', async () => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  assert.equal((await told('/client/v4/zones', headers, `"${'x'.repeat(5_000)}"`)).status, 413);
  assert.equal((await told('/client/v4/zones', { 'x-long': 'x'.repeat(20_000) })).status, 431);
});

it('tells Prometheus what it did, at a listener of its own', async () => {
  const text = await until(
    async () => (await fetch(metrics)).text(),
    (found) => found.includes('certpacks_packs{'), // counted a second after the start
  );
  assert.match(
    text,
    /certpacks_http_request_seconds_count\{method="GET",route="\/client\/v4\/zones",status="4\d\d"\} \d/,
  );
  assert.match(text, /certpacks_packs\{status="active",renewed_by="service"\} 0/);
  assert.match(text, /certpacks_due 0/);
  assert.match(text, /^certpacks_rsa_keys_ready \d/m);
  assert.match(text, /certpacks_database_connections\{state="idle"\} \d/);
  assert.equal((await fetch(metrics.replace('/metrics', '/'))).status, 404);
  const page = readFileSync(fileURLToPath(new URL('../../docs/metrics.md', import.meta.url)), 'utf8');
  for (const [, name = ''] of text.matchAll(/^# TYPE (certpacks_\w+)/gm))
    assert(page.includes(`\`${name}\``), `docs/metrics.md does not name ${name}`);
});

it('when it is asked to end it answers what is under way, takes nothing new, and ends well', async () => {
  const socket = connectTls({ port: Number(api.port), host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  // Half of a request is under way when the signal comes.
  socket.write(
    'POST /client/v4/zones HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{',
  );
  await until(
    async () => lines.length,
    (n) => n > 0,
  );
  child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const late = connect(Number(api.port), '127.0.0.1');
  const refused = once(late, 'error');
  socket.write('}');
  const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(10_000) });
  assert.match(String(answer), /^HTTP\/1\.1 40[13] /);
  await refused;
  socket.destroy();
  const [code] = await exit;
  assert.equal(code, 0);
});
