/** Revocation by our API and by the command: at the CA, and off the edges. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { givenZone, orderOf, reach } from '../support/order.ts';
import { type DevWorld, startDev, until } from '../support/world.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const run = promisify(execFile);

let world: DevWorld;
before(async () => {
  world = await startDev();
});
after(() => world.stop());

interface Told {
  readonly id: string;
  readonly certificates: readonly {
    readonly serial_number: string;
    readonly status: string;
    readonly reason: string;
  }[];
}

const revokedAt = async (ca: string, serial: string): Promise<boolean | undefined> => {
  const { certificates } = await world.tell<{ certificates: { serial: string; revoked: boolean }[] }>(
    'GET',
    `/ca/${ca}`,
  );
  return certificates.find((one) => one.serial === serial)?.revoked;
};

async function activePack() {
  const zone = await givenZone(world, 'full');
  const { id } = await world.client.ssl.certificatePacks.create(orderOf(zone));
  await reach(world, zone.id, id, { status: 'active' });
  return { zone, id, path: `/zones/${zone.id}/ssl/certificate_packs/${id}/revoke` };
}

const post = (path: string, body: object): Promise<{ result: Told }> => world.client.post(path, { body });
const get = (path: string): Promise<{ result: Told }> => world.client.get(path);

it('a pack that is revoked is revoked at its CA, both certificates, leaves the edges, and is deleted', async () => {
  const { zone, id, path } = await activePack();
  const { result: asked } = await post(path, { reason: 'keyCompromise' });
  assert.equal(asked.certificates.length, 2);
  const { result } = await until(
    () => get(path),
    (told) => told.result.certificates.every(({ status }) => status === 'revoked'),
  );
  for (const { serial_number: serial, reason } of result.certificates) {
    assert.equal(reason, 'keyCompromise');
    assert.equal(await revokedAt('lets_encrypt', serial), true);
  }
  await reach(world, zone.id, id, { status: 'deleted' });
  assert.deepEqual((await post(path, { reason: 'superseded' })).result, result, 'a repeat changes nothing');
});

it('a reason that is none, a pack that is not there, and one without certificates are refused in words', async () => {
  const { path } = await activePack();
  await assert.rejects(post(path, { reason: 'boredom' }), { status: 400 });
  await assert.rejects(post(path.replace(/[0-9a-f]{12}\/revoke/, '000000000000/revoke'), {}), {
    status: 404,
  });
  const zone = await givenZone(world, 'partial');
  const { id } = await world.client.ssl.certificatePacks.create(orderOf(zone));
  const waiting = `/zones/${zone.id}/ssl/certificate_packs/${id}/revoke`;
  await assert.rejects(post(waiting, {}), {
    status: 400,
    message: /has no certificates to revoke; DELETE ends its order/,
  });
  await assert.rejects(get(waiting), { status: 404 });
});

it('the command revokes by the API and shows what became of each certificate', async () => {
  const { zone, id } = await activePack();
  const args = [MAIN, 'packs', 'revoke', id, '--zone', zone.id, '--api', world.api];
  const env = { ...process.env, CERTPACKS_TOKEN: world.token };
  const { stdout } = await run(process.execPath, [...args, '--reason', 'superseded'], {
    env,
    timeout: 60_000,
  });
  assert.match(stdout, /^([0-9a-f]+ {2}revoked {2}superseded {2}\S+\n){2}$/);
  const wrong = run(process.execPath, [...args, '--reason', 'none'], { env, timeout: 60_000 });
  await assert.rejects(wrong, { code: 1, stderr: /--reason must be one of unspecified, keyCompromise/ });
  const nobody = run(process.execPath, args, { env: { ...env, CERTPACKS_TOKEN: 'x' }, timeout: 60_000 });
  await assert.rejects(nobody, { code: 2, stderr: /^certpacks: the API token is not valid here/ });
});
