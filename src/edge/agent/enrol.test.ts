import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { givenScene } from '../../../test/support/edge/given-agent.ts';
import { type GivenAgentService, givenAgentService } from '../../../test/support/edge/given-agent-service.ts';
import { givenFolder, givenPack, until } from '../../../test/support/edge/given-service.ts';
import { enrol } from './enrol.ts';
import { PATHS } from './protocol.ts';
import type { EdgeToken } from './token.ts';

const DAY = 86_400_000;

const ask = (dir: string, token: EdgeToken, now = new Date()) =>
  enrol({ dir, token, version: '1', now }, AbortSignal.timeout(5_000));

/** The request of each enrolment, as the service heard it. */
function heard(service: GivenAgentService): { csr: string; sealingKey: string }[] {
  const all: { csr: string; sealingKey: string }[] = [];
  service.answers.set(PATHS.enrol, (body) => {
    all.push(JSON.parse(body));
    return 503;
  });
  return all;
}

test('a machine is enrolled once: its keys are for its user alone, and another try is told so', async (t) => {
  const service = await givenAgentService(t);
  const dir = join(givenFolder(t), 'agent');
  assert.equal((await ask(dir, service.token)).name, 'fra-1');
  assert.deepEqual(await readdir(dir), ['identity.json']);
  assert.deepEqual(
    [(await stat(dir)).mode & 0o777, (await stat(join(dir, 'identity.json'))).mode & 0o777],
    [0o700, 0o600],
  );
  await assert.rejects(ask(dir, service.token), {
    fault: 'configuration',
    message: /agent of edge fra-1 already/,
  });
});

test('an enrolment whose answer was lost is asked for again by the same keys', async (t) => {
  const service = await givenAgentService(t);
  const dir = join(givenFolder(t), 'agent');
  const all = heard(service);
  await assert.rejects(ask(dir, service.token), { fault: 'service_unreachable', message: /said 503/ });
  await assert.rejects(ask(dir, service.token), { fault: 'service_unreachable' });
  assert.equal(all[0]?.sealingKey, all[1]?.sealingKey);
  service.answers.clear();
  await ask(dir, service.token);
  assert.equal(service.sealingKey.toString('base64'), all[0]?.sealingKey);
});

test('a token that was used, one of another CA, and no service at all are told in words', async (t) => {
  const service = await givenAgentService(t);
  const dir = join(givenFolder(t), 'agent');
  const { token } = service;
  await assert.rejects(ask(dir, { ...token, secret: 'x'.repeat(43) }), {
    fault: 'service_refused',
    message: /said 403/,
  });
  const all = heard(service);
  const other = ask(dir, { ...token, caFingerprint: 'ab'.repeat(32) });
  await assert.rejects(other, {
    fault: 'service_refused',
    message: /does not show the CA of this token.*nothing was sent/,
  });
  assert.equal(all.length, 0);
  service.stop();
  await assert.rejects(ask(dir, token), {
    fault: 'service_unreachable',
    message: /nobody listens there \(ECONNREFUSED\)/,
  });
});

test('a clock that is wrong is told as such, whoever’s certificate shows it', async (t) => {
  const service = await givenAgentService(t);
  const dir = join(givenFolder(t), 'agent');
  const early = new Date(Date.now() - 30 * DAY);
  await assert.rejects(ask(dir, service.token, early), {
    fault: 'configuration',
    message: /set the clock right and enrol with the same token/,
  });
  service.stop();
  await service.start({ notBefore: new Date(Date.now() + DAY), notAfter: new Date(Date.now() + 2 * DAY) });
  await assert.rejects(ask(dir, service.token), {
    fault: 'service_unreachable',
    message: /not valid yet by the clock of this machine/,
  });
});

test('a folder that others may look into is refused before a key is in it', async (t) => {
  const service = await givenAgentService(t);
  const dir = join(givenFolder(t), 'agent');
  await mkdir(dir);
  await chmod(dir, 0o755);
  await assert.rejects(ask(dir, service.token), { fault: 'configuration', message: /chmod 700/ });
  assert.deepEqual(await readdir(dir), []);
});

test('the certificate is renewed by itself, with a new key, and the one before stays until that works', async (t) => {
  const service = await givenAgentService(t);
  service.renewOn = new Date(Date.now() - 1_000);
  const { dir, begin } = await givenScene(t, service);
  service.renewOn = new Date(Date.now() + DAY);
  const before = await readFile(join(dir, 'identity.json'), 'utf8');
  service.answers.set(PATHS.reports, () => (service.renewals === 1 ? 403 : {}));
  const agent = await begin();
  await until(() => service.renewals === 1 && agent.stats().problems.service !== undefined);
  assert.equal(await readFile(join(dir, 'identity.json'), 'utf8'), before);
  service.answers.clear();
  await until(() => agent.stats().isConnected && agent.stats().renewOn === service.renewOn.toISOString());
  const { packId } = service.add(await givenPack(['a.example.com']));
  service.tell(['a.example.com']);
  await until(() => service.proofOf(packId) !== undefined);
  assert.deepEqual(
    (await readdir(dir)).filter((name) => name.includes('next')),
    [],
  );
  const after = JSON.parse(await readFile(join(dir, 'identity.json'), 'utf8'));
  assert.notEqual(after.certificateKey, JSON.parse(before).certificateKey);
  assert.equal(after.sealingKey, JSON.parse(before).sealingKey);
});
