/** What is said of a token and is not as Cloudflare documents it is refused with a pointer, and never widened. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Permission } from '../../src/pack/permission.ts';
import { startApi, type TestAccount, type TestApi } from '../support/api.ts';
import { allow, givenOwner, groups, made, resources, send } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let mine: TestAccount;
let other: TestAccount;
before(async () => {
  api = await startApi(ends);
  mine = await givenOwner(api, ['one.test', 'two.test']);
  other = await givenOwner(api, ['other.test']);
});
after(() => ends.disposeAsync());

const ACCOUNT = 'com.cloudflare.api.account';
const zoneOf = (account: TestAccount, i: number): string => account.zones[i]?.id ?? '';
const READ: readonly Permission[] = ['SSL and Certificates Read'];

/** What is wrong with a body, and where the refusal points. */
interface Wrong {
  readonly what: string;
  readonly body: () => object;
  readonly pointer: string;
}

const withResources = (what: string, given: () => object): Wrong => ({
  what,
  body: () => ({ policies: [allow(READ, given())] }),
  pointer: '/policies/0/resources',
});
const good = () => allow(READ, resources({ zones: ['*'] }));

const WRONG: readonly Wrong[] = [
  withResources('nothing', () => ({})),
  withResources('another account', () => resources({ account: other.id })),
  withResources('zones of another account', () => ({
    [`${ACCOUNT}.${other.id}`]: { [`${ACCOUNT}.zone.*`]: '*' },
  })),
  withResources('a zone of another account', () => resources({ zones: [zoneOf(other, 0)] })),
  withResources('a zone that is not there', () => resources({ zones: ['0'.repeat(32)] })),
  withResources('a zone by its name', () => resources({ zones: ['one.test'] })),
  withResources('an id in capitals', () => resources({ zones: [zoneOf(mine, 0).toUpperCase()] })),
  withResources('a part of a wildcard', () => resources({ zones: [`${zoneOf(mine, 0).slice(0, 8)}*`] })),
  withResources('a zone with a typo', () => ({ [`${ACCOUNT}.zones.${zoneOf(mine, 0)}`]: '*' })),
  withResources('an account with a typo', () => ({ [`${ACCOUNT}s.${mine.id}`]: '*' })),
  withResources('the bare prefix', () => ({ [`${ACCOUNT}.`]: '*' })),
  withResources('another kind', () => ({ 'com.cloudflare.edge.r2.bucket.x': '*' })),
  withResources('a user', () => ({ 'com.cloudflare.api.user.x': '*' })),
  withResources('a zone with another value', () => ({ [`${ACCOUNT}.zone.*`]: 'read' })),
  withResources('a zone with an object in it', () => ({ [`${ACCOUNT}.zone.*`]: {} })),
  withResources('an account with nothing in it', () => ({ [`${ACCOUNT}.${mine.id}`]: {} })),
  withResources('an account with null', () => ({ [`${ACCOUNT}.${mine.id}`]: null })),
  withResources('an account in the account', () => ({
    [`${ACCOUNT}.${mine.id}`]: { [`${ACCOUNT}.${mine.id}`]: '*' },
  })),
  withResources('zones nested too deep', () => ({
    [`${ACCOUNT}.${mine.id}`]: { [`${ACCOUNT}.zone.*`]: { [`${ACCOUNT}.zone.*`]: '*' } },
  })),
  withResources('zones of all accounts, nested', () => ({
    [`${ACCOUNT}.*`]: { [`${ACCOUNT}.zone.*`]: '*' },
  })),
  {
    what: 'permissions of zones for the account alone',
    body: () => ({ policies: [allow(READ, resources({ account: mine.id }))] }),
    pointer: '/policies/0/permission_groups',
  },
  {
    what: 'permissions of the account for zones alone',
    body: () => ({ policies: [allow(['API Tokens Write'], resources({ zones: ['*'] }))] }),
    pointer: '/policies/0/permission_groups',
  },
  {
    what: 'a group that is not known',
    body: () => ({
      policies: [{ ...good(), permission_groups: [...groups(...READ), { id: 'f'.repeat(32) }] }],
    }),
    pointer: '/policies/0/permission_groups',
  },
  {
    what: 'a group under the name of another',
    body: () => ({
      policies: [{ ...good(), permission_groups: [{ ...groups('Zone Write')[0], name: 'Zone Read' }] }],
    }),
    pointer: '/policies/0/permission_groups',
  },
  {
    what: 'no group',
    body: () => ({ policies: [{ ...good(), permission_groups: [] }] }),
    pointer: '/policies/0/permission_groups',
  },
  {
    what: 'deny beside allow',
    body: () => ({ policies: [good(), { ...good(), effect: 'deny' }] }),
    pointer: '/policies/1/effect',
  },
  { what: 'no policy', body: () => ({ policies: [] }), pointer: '/policies' },
  {
    what: 'a policy with something else',
    body: () => ({ policies: [{ ...good(), condition: {} }] }),
    pointer: '/policies/0/condition',
  },
  {
    what: 'something else',
    body: () => ({ policies: [good()], 'may/not~know': 1 }),
    pointer: '/may~1not~0know',
  },
  {
    what: 'a status that is none',
    body: () => ({ policies: [good()], status: 'expired' }),
    pointer: '/status',
  },
  {
    what: 'a condition of another kind',
    body: () => ({ policies: [good()], condition: { request_country: { in: ['CH'] } } }),
    pointer: '/condition/request_country',
  },
  {
    what: 'an address that is no network',
    body: () => ({ policies: [good()], condition: { request_ip: { in: ['10.0.0.0/8', '192.0.2.1'] } } }),
    pointer: '/condition/request_ip/in/1',
  },
  {
    what: 'addresses under another name',
    body: () => ({ policies: [good()], condition: { request_ip: { notIn: ['10.0.0.0/8'] } } }),
    pointer: '/condition/request_ip/notIn',
  },
  {
    what: 'nowhere to be used',
    body: () => ({ policies: [good()], condition: { request_ip: { in: [] } } }),
    pointer: '/condition/request_ip/in',
  },
  {
    what: 'an end that is no instant',
    body: () => ({ policies: [good()], expires_on: 'next Monday' }),
    pointer: '/expires_on',
  },
];

describe('a token', () => {
  for (const { what, body, pointer } of WRONG) {
    it(`with ${what} is refused with a pointer to ${pointer}, when it is made and when it is changed`, async () => {
      const whole = { name: 'x', ...body() };
      const token = await made(api.url, mine.token, { policies: [good()] });
      const asks = [
        ['POST', '/user/tokens'],
        ['PUT', `/user/tokens/${token.id}`],
      ] as const;
      for (const ask of asks) {
        const answer = await send(api.url, ask, mine.token, { body: whole });
        assert.deepEqual([answer.status, answer.code, answer.pointer], [400, 1400, pointer], answer.message);
      }
      const still = await send(api.url, ['GET', `/user/tokens/${token.id}`], mine.token);
      assert.deepEqual(still.result.policies, token.policies);
    });
  }

  const names = [
    { what: 'a line end', name: 'a\nb' },
    { what: 'NUL', name: 'a\0b' },
    { what: 'an escape', name: '\u001b[2J' },
    { what: 'C1', name: 'a\u009b31m' },
    { what: 'right-to-left override', name: 'a\u202egnp' },
    { what: 'an isolate', name: 'a\u2066b' },
    { what: 'no width', name: 'a\u200bb' },
    { what: 'half a pair', name: 'a\ud800' },
  ];
  for (const { what, name } of names) {
    it(`with ${what} in its name is refused with a pointer`, async () => {
      const { status, pointer } = await send(api.url, ['POST', '/user/tokens'], mine.token, {
        body: { name, policies: [good()] },
      });
      assert.deepEqual([status, pointer], [400, '/name']);
    });
  }
});
