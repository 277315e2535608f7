/** What providers say, as it comes, and what links and templates say to them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readSettings, settingsUrl } from './connect-provider.ts';
import {
  CONNECT_SERVICES,
  type ConnectRecord,
  connectLink,
  connectTemplate,
  planConnect,
  publicKeyRecords,
} from './domain-connect.ts';

const TERMS = {
  providerId: 'saas.example.net',
  providerName: 'Example SaaS',
  keyName: '_dck1',
  delegationZone: 'dcv.example.net',
};

for (const service of CONNECT_SERVICES)
  test(`the template ${service} that is handed out is the one that links go by`, () => {
    const file = `../../deploy/domain-connect/saas.example.net.${service}.json`;
    const handed: unknown = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
    assert.deepEqual(handed, connectTemplate(TERMS, service));
  });

test('a template without delegation has no place for it, and one for control leads nothing anywhere', () => {
  const plain = connectTemplate({ ...TERMS, delegationZone: '' }, 'certificate');
  assert.deepEqual(
    plain.records.map(({ type, host }) => `${type} ${host}`),
    ['TXT _cf-custom-hostname', ...Array.from({ length: 4 }, () => 'TXT _acme-challenge')],
  );
  assert.equal(plain.hostRequired, false);
});

const txt = (name: string, value: string): ConnectRecord => ({ type: 'TXT', name, value });

test('a link carries what is wanted, encoded, and its signature behind what it signs', () => {
  const at = { name: 'app.customer.com', domain: 'customer.com', service: 'custom-hostname' } as const;
  const records: ConnectRecord[] = [
    txt('_acme-challenge.app.customer.com', 'a&b=c d'),
    txt('_acme-challenge.app.customer.com', 'e'),
    { type: 'CNAME', name: 'app.customer.com', value: 'customers.example.net' },
    { type: 'CNAME', name: '*.app.customer.com', value: 'customers.example.net' },
    txt('elsewhere.customer.com', 'x'),
  ];
  const plan = planConnect(at, records, TERMS);
  assert.deepEqual(plan.left, [txt('elsewhere.customer.com', 'x')]);
  const signed: string[] = [];
  const sign = (query: string) => {
    signed.push(query);
    return 'a+b/c==';
  };
  const url = connectLink({ terms: TERMS, sign }, { urlSync: 'https://dns.example/dc' }, plan);
  const query =
    'domain=customer.com&host=app&groupId=validation1%2Cvalidation2%2Ctraffic%2Cwildcard' +
    '&validation1=a%26b%3Dc%20d&validation2=e&target=customers.example.net';
  assert.deepEqual(signed, [query]);
  assert.equal(
    url,
    `https://dns.example/dc/v2/domainTemplates/providers/saas.example.net/services/custom-hostname/apply?${query}&sig=a%2Bb%2Fc%3D%3D&key=_dck1`,
  );
});

test('five values of one name are more than a link has room for', () => {
  const values = Array.from({ length: 5 }, (_, i) => txt('_acme-challenge.customer.com', `value ${i}`));
  const at = { name: 'customer.com', domain: 'customer.com', service: 'certificate' } as const;
  const { host, left, records } = planConnect(at, values, TERMS);
  assert.deepEqual([host, left.length, records.length], ['', 1, 4]);
});

for (const [text, url] of [
  ['dc.dns.example', 'https://dc.dns.example/v2/customer.com/settings'],
  [' dc.dns.example/api/dc/ ', 'https://dc.dns.example/api/dc/v2/customer.com/settings'],
  ['dc.dns.example:8443', 'https://dc.dns.example:8443/v2/customer.com/settings'],
  ['http://dc.dns.example', undefined],
  ['user@dc.dns.example', undefined],
  ['dc.dns.example/../admin?x=', undefined],
  ['v=spf1 -all', undefined],
  ['localhost', undefined],
  ['', undefined],
] as const)
  test(`_domainconnect with ${JSON.stringify(text)} ${url ? 'leads to settings' : 'is passed over'}`, () => {
    assert.equal(settingsUrl(text, 'customer.com'), url);
  });

const toldBy = (read: ReturnType<typeof readSettings>): string => (typeof read === 'string' ? read : '');

test('settings lead people by https alone, to nobody’s password, and say no more than a name', () => {
  const urls = { urlSyncUX: 'https://dns.example/dc/', urlAPI: 'https://api.dns.example' };
  const read = (more: object) => readSettings({ ...urls, ...more }, 'customer.com');
  assert.deepEqual(
    read({
      providerName: 'Some‮ DNS\n',
      width: '9',
      height: 800,
      urlControlPanel: 'https://dns.example/?d=%domain%',
    }),
    {
      kind: 'provider',
      domain: 'customer.com',
      provider: {
        name: 'Some DNS',
        urlSync: 'https://dns.example/dc',
        urlApi: 'https://api.dns.example',
        width: 750,
        height: 800,
        controlPanel: 'https://dns.example/?d=customer.com',
      },
    },
  );
  for (const wrong of [
    { urlSyncUX: undefined },
    { urlSyncUX: 'http://dns.example' },
    { urlSyncUX: 'javascript:alert(1)' },
    { urlSyncUX: 'https://a:b@dns.example' },
    { urlSyncUX: 'https://dns.example/?a=b' },
    { urlAPI: 7 },
  ])
    assert.match(toldBy(read(wrong)), /takes no links/, JSON.stringify(wrong));
  const panel = read({ urlControlPanel: 'javascript:%domain%' });
  assert.equal(typeof panel === 'string' ? panel : panel.provider.controlPanel, undefined);
  for (const wrong of [undefined, null, 'text', 7])
    assert.match(toldBy(readSettings(wrong, 'customer.com')), /no JSON object/);
});

test('a public key stands in records of which none is too long, in order', () => {
  const key = 'k'.repeat(392);
  const all = publicKeyRecords(key);
  assert.deepEqual(
    all.map((one) => one.replace(/d=.*/, 'd=')),
    ['p=1,a=RS256,t=x509,d=', 'p=2,a=RS256,t=x509,d='],
  );
  assert.equal(all.map((one) => one.replace(/.*d=/, '')).join(''), key);
});
