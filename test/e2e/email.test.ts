/** `certpacks serve` with one CA that validates by e-mail, among others that do not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import Cloudflare from 'cloudflare';
import { asksOf, enter, type MailState } from '../support/mail.ts';
import { orderOf } from '../support/order.ts';
import { startServe } from '../support/serve.ts';
import { givenScene, LIMIT } from '../support/serve-scene.ts';
import { until } from '../support/world.ts';

/** An error that is a refusal of the method, with a pointer. */
const refused = (says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Cloudflare.BadRequestError);
  const { code, message, source } = Object(error.errors[0]);
  assert.equal(code, 1432);
  assert.match(message, says);
  assert.deepEqual(source, { pointer: '/validation_method' });
  return true;
};

test(
  'the operator is told when mail ends; a mail outlives the service that asked for it; other CAs refuse with 400',
  LIMIT,
  async (t) => {
    const scene = await givenScene(t, 'email');
    const path = scene.options['CERTPACKS_CONFIG'] ?? '';
    const config = readFileSync(path, 'utf8');
    writeFileSync(path, config.replace('[ca.lets_encrypt]\n', '[ca.lets_encrypt]\nemail = true\n'));
    const first = await startServe(t, scene.options);
    const warned = first.said.filter((line) => line.includes('public CAs end that on 2028-03-15'));
    assert.deepEqual(
      warned.map((line) => Object(JSON.parse(line)).ca),
      ['lets_encrypt'],
    );

    const zone = await scene
      .client(first.api)
      .zones.create({ account: { id: scene.accountId }, name: 'mailed.test', type: 'partial' });
    const order = orderOf({ id: zone.id, name: 'mailed.test' }, { validation_method: 'email' });
    const packsOf = (api: string) => scene.client(api).ssl.certificatePacks;
    const byGoogle = { ...order, certificate_authority: 'google' as const };
    await assert.rejects(
      packsOf(first.api).create(byGoogle),
      refused(/google does not validate by e-mail; lets_encrypt would; order with 'txt'/),
    );
    const { id: other } = await packsOf(first.api).create({ ...byGoogle, validation_method: 'txt' });
    await assert.rejects(
      scene.client(first.api).ssl.verification.edit(other, { zone_id: zone.id, validation_method: 'email' }),
      refused(/google does not validate by e-mail/),
    );

    const { id } = await packsOf(first.api).create(order);
    const mails = async (): Promise<MailState['mails']> => {
      const state: MailState = JSON.parse(await (await fetch(`${scene.simulator.control}/mail`)).text());
      return state.mails;
    };
    const { link, code } = asksOf((await until(mails, (all) => all.length === 5))[2]);
    const gone = once(first.child, 'exit');
    first.child.kill('SIGKILL');
    await gone;
    assert.equal((await enter(scene.simulator.cas.lets_encrypt.rootPem, link, code)).status, 200);
    const second = await startServe(t, scene.options);
    const pack = () => packsOf(second.api).get(id, { zone_id: zone.id });
    await until(pack, ({ status }) => status === 'active', 60);
    assert.equal((await mails()).length, 5);
  },
);
