import acme from 'acme-client';
import { type Account, dnsTxtValue, newAccountKey } from '../../src/acme/account.ts';
import { AcmeClient } from '../../src/acme/client.ts';
import { Pace, poll } from '../../src/acme/poll.ts';
import { createCsr } from '../../src/ca/csr.ts';
import { KeyPool } from '../../src/key/key-pool.ts';
import { systemClock } from '../../src/kit/clock.ts';
import type { IssueWorld } from './world.ts';

/** Issues a certificate for a name, ECDSA, with control shown by a TXT record. */
export type Issue = (name: string) => Promise<unknown>;

/** By `src/acme`, new orders and looks at authorizations apart. */
export async function ours({ pebble, publish }: IssueWorld): Promise<Issue> {
  const client = new AcmeClient({
    directoryUrl: pebble.directoryUrl,
    tlsRoots: pebble.tlsRoots,
    ordersApart: true,
  });
  const { signal } = new AbortController();
  const key = newAccountKey();
  const url = await client.newAccount(key, { contact: [], hasAgreedToTerms: true }, signal);
  const account: Account = { key, url };
  const keys = new KeyPool({ size: 0, atOnce: 2 });
  const [validation, issuance] = [new Pace(), new Pace()];
  const seen = (orderUrl: string, pace: Pace, done: readonly string[]) =>
    poll(
      () => client.order(account, orderUrl, signal),
      ({ status }) => done.includes(status),
      { pace, clock: systemClock(), within: 30 },
      signal,
    );
  return async (name) => {
    const order = await client.newOrder(account, { names: [name] }, signal);
    const [authorizationUrl = ''] = order.authorizations;
    const { challenges } = await client.authorization(account, authorizationUrl, signal);
    const challenge = challenges.find(({ type }) => type === 'dns-01');
    if (!challenge) throw new Error('no dns-01');
    await publish(`_acme-challenge.${name}`, dnsTxtValue(challenge.token, key));
    await client.answer(account, challenge.url, signal);
    await seen(order.url, validation, ['ready', 'invalid']);
    await client.finalize(account, order, await createCsr(await keys.take('ecdsa'), [name]), signal);
    const valid = await seen(order.url, issuance, ['valid', 'invalid']);
    if (valid?.certificate === undefined) throw new Error(`${name}: the order is ${valid?.status}`);
    return client.download(account, valid.certificate, signal);
  };
}

/** By acme-client, which looks every 5 ms. */
export async function theirs({ pebble, publish }: IssueWorld): Promise<Issue> {
  acme.axios.defaults.httpsAgent = new (await import('node:https')).Agent({
    ca: pebble.tlsRoots,
    keepAlive: true,
  });
  const client = new acme.Client({
    directoryUrl: pebble.directoryUrl,
    accountKey: await acme.crypto.createPrivateEcdsaKey(),
    backoffMin: 5,
    backoffMax: 5,
    backoffAttempts: 1_000,
  });
  await client.createAccount({ termsOfServiceAgreed: true });
  return async (name) => {
    const [, csr] = await acme.crypto.createCsr(
      { commonName: name },
      await acme.crypto.createPrivateEcdsaKey(),
    );
    return client.auto({
      csr,
      challengePriority: ['dns-01'],
      skipChallengeVerification: true,
      challengeCreateFn: async (_, __, value) => publish(`_acme-challenge.${name}`, value),
      challengeRemoveFn: async () => undefined,
    });
  };
}
