import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../kit/config.ts';
import { days } from '../kit/time.ts';
import { namesOf, quotasOf } from './names.ts';

const EDGE = { name: 'edge', kind: 'bundled', environment: 'production', port: 443 } as const;
const [A, B] = ['a'.repeat(32), 'b'.repeat(32)] as const;
const nobody = async (): Promise<void> => undefined;

test('what the operator uses himself is his: delegation zone, branding domain, name servers, the API, edges, zones that he updates', () => {
  const { options } = loadConfig({
    CERTPACKS_DELEGATION_ZONE: 'dcv.example.net',
    CERTPACKS_BRANDING_DOMAIN: 'Brand.example.net',
    CERTPACKS_TLS_HOST: 'API.Example.net.',
    CERTPACKS_NAME_SERVERS: 'ns1.bücher.example=192.0.2.1,ns1.bücher.example=2001:db8::1',
    CERTPACKS_OPERATOR_ACCOUNTS: `${A},${B}`,
    CERTPACKS_SUFFIX_ACCOUNTS: B,
    CERTPACKS_NAME_REST_DAYS: '7',
  });
  const edges = ['edge.example.net', '192.0.2.7', '2001:db8::7', 'localhost'].map((host) => ({
    ...EDGE,
    host,
  }));
  const publishers = new Map([
    ['own.example', { add: nobody, remove: nobody }],
    ['shop.example', { add: nobody, remove: nobody, accountId: 'd' }],
  ]);
  const { owned, ...rest } = namesOf(options, edges, publishers);
  assert.deepEqual(
    owned.map(({ name, accountId }) => `${name} ${accountId ?? ''}`),
    [
      'dcv.example.net ',
      'brand.example.net ',
      'api.example.net ',
      'ns1.xn--bcher-kva.example ',
      'edge.example.net ',
      'own.example ',
      'shop.example d',
    ],
  );
  assert.deepEqual(rest, { operatorAccounts: [A, B], suffixAccounts: [B], rest: days(7) });
});

test('unless told, nothing is kept, names rest for 30 days, and an account may have any number of everything but DNS records', () => {
  const { options } = loadConfig({});
  const none = { owned: [], operatorAccounts: [], suffixAccounts: [] };
  assert.deepEqual(namesOf(options, []), { ...none, rest: days(30) });
  assert.deepEqual(quotasOf(options), {
    zones: 0,
    packs: 0,
    zonePacks: 0,
    hosts: 0,
    tokens: 0,
    records: 3_500,
  });
});

test('an account that is named where its id is wanted is refused at the start, not passed over', () => {
  for (const name of ['OPERATOR', 'SUFFIX']) {
    const { options } = loadConfig({ [`CERTPACKS_${name}_ACCOUNTS`]: `${A},default` });
    assert.throws(() => namesOf(options, []), /_accounts has 'default'; it must have ids of accounts/);
  }
});
