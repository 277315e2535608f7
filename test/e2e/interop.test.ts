/** ACME clients that nobody here wrote obtain certificates from the simulated CAs, and openssl trusts what they got. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import acme from 'acme-client';
import { DNS_ADDRESSES } from '../../src/simulator/simulator.ts';
import { type StartedSimulator, startSimulator } from '../../src/simulator/start.ts';
import { needs } from '../support/peers.ts';

const run = promisify(execFile);
const TIMEOUT = 120_000;

const ends = new AsyncDisposableStack();
let dir: string;
let simulator: StartedSimulator;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'certpacks-interop-'));
  chmodSync(dir, 0o711);
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  simulator = await startSimulator({
    dir: join(dir, 'world'),
    aheadSeconds: 0,
    dnsPort: 0,
    nameServers: [{ name: 'ns1.certpacks.test', address: DNS_ADDRESSES.responder }],
    endsWithParent: true,
  });
  ends.defer(() => simulator.stop());
  writeFileSync(join(dir, 'root.pem'), simulator.cas.lets_encrypt.rootPem);
  writeFileSync(join(dir, 'google.pem'), simulator.cas.google.rootPem);
  writeFileSync(join(dir, 'hook'), hook(simulator.control), { mode: 0o755 });
});
after(() => ends.disposeAsync());

/** What every client calls, each in its own way, to have a TXT record published in the world. */
const hook = (control: string): string => `#!${process.execPath}
const { argv, env } = process;
const [first = '', second = '', third = '', , fifth = ''] = argv.slice(2);
const ways = {
  lego: () => first === 'present' && [second, third],
  certbot: () => env.CERTBOT_AUTH_OUTPUT === undefined && ['_acme-challenge.' + env.CERTBOT_DOMAIN, env.CERTBOT_VALIDATION],
  dehydrated: () => first === 'deploy_challenge' && ['_acme-challenge.' + second, argv[5]],
  uacme: () => first === 'begin' && second === 'dns-01' && ['_acme-challenge.' + third, fifth || argv[6]],
};
const wanted = ways[env.HOOK_OF]();
if (env.HOOK_OF === 'uacme' && second !== 'dns-01') process.exit(1);
if (wanted) {
  const [name, value] = wanted;
  const body = JSON.stringify({ name: name.replace(/\\.$/, ''), type: 'TXT', values: [value] });
  fetch('${control}/dns/records', { method: 'PUT', body }).then(({ ok }) => process.exit(ok ? 0 : 1));
}
`;

/** Runs a client in a folder of its own. */
async function runClient(
  name: string,
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  const cwd = join(dir, name);
  mkdirSync(cwd, { recursive: true });
  const all = { PATH: process.env['PATH'] ?? '', HOME: cwd, HOOK_OF: name.split('-')[0] ?? '', ...env };
  await run(command, [...args], { cwd, env: all, timeout: TIMEOUT }).catch((error: unknown) => {
    const said = error instanceof Error && 'stderr' in error ? error.stderr : error;
    throw new Error(`${name}: ${String(said)}`);
  });
}

/** Fails unless openssl trusts the chain in a file, by the root of its CA, for the host. */
async function assertTrusted(chain: string, host: string, root = 'root.pem'): Promise<void> {
  const args = ['verify', '-CAfile', join(dir, root), '-untrusted', chain, '-verify_hostname', host, chain];
  const { stdout } = await run('openssl', args);
  assert.match(stdout, /: OK\n$/);
  const certificates = readFileSync(chain, 'utf8').match(/BEGIN CERTIFICATE/g);
  assert.equal(certificates?.length, 2, 'the leaf and its issuer');
}

const directory = (): string => simulator.cas.lets_encrypt.directory;
const eab = (): readonly [string, string] => {
  const { kid = '', hmacKey = '' } = simulator.cas.google.eab ?? {};
  return [kid, hmacKey];
};

const legoArgs = (domain: string) => {
  const resolver = `${DNS_ADDRESSES.resolver}:${simulator.dnsPort}`;
  const dns = ['--dns', 'exec', '--dns.disable-cp', '--dns.resolvers', resolver];
  return ['--accept-tos', '--email', 'lego@certpacks.test', '--path', '.', '--domains', domain, ...dns];
};

test('lego obtains a certificate, renews and revokes it', needs('lego'), async () => {
  const domain = 'lego.test';
  const env = { EXEC_PATH: join(dir, 'hook'), LEGO_CA_CERTIFICATES: join(dir, 'root.pem') };
  const args = ['--server', directory(), ...legoArgs(domain)];
  await runClient('lego', 'lego', [...args, 'run'], env);
  await assertTrusted(join(dir, 'lego/certificates', `${domain}.crt`), domain);
  await runClient('lego', 'lego', [...args, 'renew', '--days', '365', '--no-random-sleep'], env);
  await runClient('lego', 'lego', [...args, 'revoke'], env);
  const told = await fetch(`${simulator.control}/ca/lets_encrypt`);
  const { certificates }: { certificates: { hosts: string[]; revoked: boolean }[] } = JSON.parse(
    await told.text(),
  );
  const own = certificates.filter(({ hosts }) => hosts.includes(domain));
  assert.deepEqual([own.length, own.filter(({ revoked }) => revoked).length], [2, 1]);
});

test('lego obtains one with an external account binding', needs('lego'), async () => {
  const domain = 'lego-eab.test';
  const [kid, hmac] = eab();
  const env = { EXEC_PATH: join(dir, 'hook'), LEGO_CA_CERTIFICATES: join(dir, 'google.pem') };
  const binding = ['--eab', '--kid', kid, '--hmac', hmac];
  const server = ['--server', simulator.cas.google.directory];
  await runClient('lego-eab', 'lego', [...server, ...legoArgs(domain), ...binding, 'run'], env);
  await assertTrusted(join(dir, 'lego-eab/certificates', `${domain}.crt`), domain, 'google.pem');
});

test('certbot obtains a certificate, by ECDSA and by RSA', needs('certbot'), async () => {
  for (const keyType of ['ecdsa', 'rsa']) {
    const domain = `certbot-${keyType}.test`;
    const folders = ['config', 'work', 'logs'].flatMap((one) => [`--${one}-dir`, one]);
    const manual = ['--manual', '--preferred-challenges', 'dns', '--manual-auth-hook', join(dir, 'hook')];
    const about = [
      '--server',
      directory(),
      '--agree-tos',
      '-m',
      'certbot@certpacks.test',
      '--key-type',
      keyType,
    ];
    await runClient(
      'certbot',
      'certbot',
      ['certonly', '--non-interactive', ...manual, ...about, ...folders, '-d', domain],
      { REQUESTS_CA_BUNDLE: join(dir, 'root.pem') },
    );
    await assertTrusted(join(dir, 'certbot/config/live', domain, 'fullchain.pem'), domain);
  }
});

test('dehydrated obtains a certificate', needs('dehydrated'), async () => {
  const domain = 'dehydrated.test';
  mkdirSync(join(dir, 'dehydrated'), { recursive: true });
  writeFileSync(
    join(dir, 'dehydrated/config'),
    `CA="${directory()}"\nCHALLENGETYPE=dns-01\nHOOK="${join(dir, 'hook')}"\nBASEDIR="${join(dir, 'dehydrated')}"\n` +
      `CONTACT_EMAIL=dehydrated@certpacks.test\nCURL_OPTS="--cacert ${join(dir, 'root.pem')}"\nKEY_ALGO=prime256v1\n`,
  );
  await runClient('dehydrated', 'dehydrated', ['--register', '--accept-terms', '--config', 'config']);
  await runClient('dehydrated', 'dehydrated', ['--cron', '--config', 'config', '--domain', domain]);
  const chain = readdirSync(join(dir, 'dehydrated/certs', domain)).find((file) => file === 'fullchain.pem');
  assert.ok(chain);
  await assertTrusted(join(dir, 'dehydrated/certs', domain, chain), domain);
});

/** uacme's TLS library reads the system's roots alone, so these are covered by ours in a mount of its own. */
const root = process.getuid?.() === 0 ? needs('uacme') : { skip: 'only root can give uacme other roots' };

test('uacme obtains a certificate', root, async () => {
  const domain = 'uacme.test';
  const script = `mount --bind ${join(dir, 'root.pem')} /etc/ssl/certs/ca-certificates.crt && exec uacme "$@"`;
  const uacme = (...args: string[]) =>
    runClient('uacme', 'unshare', ['-m', 'sh', '-c', script, 'uacme', '-a', directory(), '-c', '.', ...args]);
  await uacme('-y', 'new', 'uacme@certpacks.test');
  await uacme('-h', join(dir, 'hook'), 'issue', domain);
  await assertTrusted(join(dir, 'uacme', domain, 'cert.pem'), domain);
});

test('acme-client obtains a certificate for apex and wildcard', async () => {
  const domain = 'acme-client.test';
  acme.axios.defaults.httpsAgent = new Agent({ ca: simulator.cas.lets_encrypt.rootPem });
  const accountKey = await acme.crypto.createPrivateEcdsaKey();
  const client = new acme.Client({ directoryUrl: directory(), accountKey, backoffMin: 50, backoffMax: 200 });
  const [, csr] = await acme.crypto.createCsr({ altNames: [domain, `*.${domain}`] });
  const values: string[] = [];
  const chain = await client.auto({
    csr,
    email: 'acme-client@certpacks.test',
    termsOfServiceAgreed: true,
    challengePriority: ['dns-01'],
    skipChallengeVerification: true,
    challengeCreateFn: async (_, __, value) => {
      values.push(value);
      const body = JSON.stringify({ name: `_acme-challenge.${domain}`, type: 'TXT', values });
      await fetch(`${simulator.control}/dns/records`, { method: 'PUT', body });
    },
    challengeRemoveFn: async () => undefined,
  });
  writeFileSync(join(dir, 'acme-client.pem'), chain);
  await assertTrusted(join(dir, 'acme-client.pem'), `www.${domain}`);
});
