/** What keyless certificates need: the terminator, a token of SoftHSM2, a key server. */
import { execFileSync } from 'node:child_process';
import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildTerminator } from '../../src/keyless/build.ts';
import { addKeyServerClient, initKeyServer } from '../../src/keyless/issue.ts';
import { KeyFolder } from '../../src/keyless/key-folder.ts';
import { type KeyServer, startKeyServer } from '../../src/keyless/key-server.ts';
import type { Options } from '../../src/kit/config.ts';
import { newLog } from '../../src/kit/log.ts';
import { createKeyless } from '../../src/operation/create-keyless.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import type { PackZone } from '../../src/pack/pack.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import { trustIn } from '../../src/upload/trust.ts';
import { install } from './apt.ts';
import type { TestJobDeps } from './job-deps.ts';
import { make } from './pki.ts';
import { atFreePort } from './ports.ts';

const NATIVE = new URL('../../src/keyless/native/', import.meta.url);
const SOFTHSM = '/usr/lib/softhsm/libsofthsm2.so';

/** Whether there is what the terminator is built of and tokens are made by; where CI says so it is installed. */
export function keylessNeeds(): { readonly skip: string | false } {
  if (!isThere() && process.env['CI'] === 'true') install('gcc', 'libc6-dev', 'libssl-dev', 'softhsm2');
  return { skip: isThere() ? false : 'needs a C compiler, libssl-dev and softhsm2' };
}

const isThere = (): boolean =>
  ['/usr/include/openssl/core_dispatch.h', '/usr/bin/softhsm2-util', SOFTHSM].every((path) =>
    existsSync(path),
  );

/** The terminator of these sources, built once for all tests. */
export async function builtTerminator(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['terminator.c', 'token.c', 'token.h']) hash.update(readFileSync(new URL(name, NATIVE)));
  const path = join(tmpdir(), `certpacks-terminator-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(path)) await buildTerminator(path);
  return path;
}

const util = (...args: string[]) => execFileSync('softhsm2-util', args, { stdio: 'ignore' });

/** A token of SoftHSM2 with some keys, by their labels. */
export function givenToken(
  ends: AsyncDisposableStack,
  label: string,
  keys: Readonly<Record<string, KeyObject>>,
): { readonly options: Partial<Options>; readonly dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-token-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  const tokens = join(dir, 'tokens');
  mkdirSync(tokens);
  writeFileSync(
    join(dir, 'softhsm2.conf'),
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  // The module finds its tokens by it, here and in the terminator.
  process.env['SOFTHSM2_CONF'] = join(dir, 'softhsm2.conf');
  util('--init-token', '--free', '--label', label, '--pin', '1234', '--so-pin', '4321');
  for (const [i, [name, key]] of Object.entries(keys).entries()) {
    const file = join(dir, 'key.pem');
    writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    util('--import', file, '--token', label, '--label', name, '--id', `0${i + 1}`, '--pin', '1234');
    rmSync(file);
  }
  return { options: { pkcs11_module: SOFTHSM, pkcs11_pin: '1234' }, dir: tokens };
}

/** A key server that can be taken away, and come back at the same port. */
export interface TestKeyServer {
  readonly port: number;
  readonly options: Partial<Options>;
  readonly counts: () => ReturnType<KeyServer['counts']>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A key server with some keys, and the options by which it is asked. */
export async function givenKeyServer(
  ends: AsyncDisposableStack,
  keys: readonly KeyObject[],
  perSecond = 1_000_000,
): Promise<TestKeyServer> {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-key-server-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  await initKeyServer(dir, ['127.0.0.1', 'localhost'], new Date());
  for (const [i, key] of keys.entries())
    writeFileSync(join(dir, 'keys', `${i}.pem`), key.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    });
  const client = await addKeyServerClient(dir, 'edge', new Date());
  const read = (name: string) => readFileSync(join(dir, name), 'utf8');
  const log = newLog('silent');
  const identity = { cert: read('server.pem'), key: read('server.key'), ca: read('ca.pem') };
  const held = new KeyFolder(join(dir, 'keys'), log);
  const start = (port: number) =>
    startKeyServer({ ...identity, host: '127.0.0.1', port, keys: held, perSecond, log });
  let running: KeyServer | undefined = await atFreePort(start);
  const { port } = running;
  const stop = async () => {
    await running?.close();
    running = undefined;
  };
  ends.defer(stop);
  return {
    port,
    options: {
      key_servers: [`127.0.0.1:${port}`],
      key_server_cert_file: client.cert,
      key_server_key_file: client.key,
      key_server_ca_file: join(dir, 'ca.pem'),
    },
    counts: () => running?.counts() ?? { signed: 0, refused: 0, clients: 0 },
    start: async () => {
      running ??= await start(port);
    },
    stop,
  };
}

/** A keyless certificate of a zone, self-signed, whose key nobody has; its id. */
export async function keylessIn(deps: TestJobDeps, zone: PackZone): Promise<string> {
  const made = await make(deps.clock.now(), { hosts: [zone.name] });
  const { id } = await createKeyless(
    { ...deps, trust: trustIn([]), quotas: NO_QUOTAS, demandKeyPlace: () => undefined },
    {
      zone,
      certificate: made.pem,
      bundleMethod: 'force',
      facts: { name: 'x', host: 'keys.test', port: 24_008 },
      environment: 'production',
      request: { zoneId: zone.id, bodyHash: randomBytes(32) },
      isRetry: false,
      by: OPERATOR,
    },
  );
  return id;
}
