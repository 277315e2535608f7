import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { objectionOf } from './caa-policy.ts';
import { parseIssueValue, toCaaRecord } from './caa-value.ts';

const ACCOUNT = 'https://acme.ca.test/acct/1';
const ISSUING = { identities: ['ca.test', 'old-ca.test'], accountUri: ACCOUNT, method: 'dns-01' };

const judge = (lines: readonly string[], host = 'www.shop.test', issuing: Partial<typeof ISSUING> = {}) =>
  objectionOf(
    { owner: 'shop.test', records: lines.map(toCaaRecord) },
    { ...ISSUING, ...issuing },
    host.startsWith('*.'),
  );

describe('an issue value', () => {
  const values: readonly (readonly [string, string | undefined])[] = [
    ['ca.test', 'ca.test'],
    ['  CA.Test \t', 'ca.test'],
    ['', ''],
    [';', ''],
    [' ; ', ''],
    ['ca.test;', 'ca.test'],
    ['ca.test; a=b', 'ca.test a=b'],
    ['ca.test;a=b;c-d = e=f ; x=', 'ca.test a=b c-d=e=f x='],
    ['ca.test; AccountURI=X', 'ca.test AccountURI=X'],
    ['; a=b', ' a=b'],
    ['ca.test; a=b;', undefined],
    ['ca.test; a', undefined],
    ['ca.test; =b', undefined],
    ['ca.test; -a=b', undefined],
    ['ca.test; a=b c', undefined],
    ['ca.test a=b', undefined],
    ['ca.test.', undefined],
    ['ca..test', undefined],
    ['-ca.test', undefined],
    ['%%%%%', undefined],
    ['ca.test; a=ü', undefined],
  ];
  for (const [value, printed] of values) {
    it(`${JSON.stringify(value)} is ${printed === undefined ? 'malformed' : JSON.stringify(printed)}`, () => {
      const parsed = parseIssueValue(value);
      const parts = parsed?.parameters.map(({ tag, value: text }) => `${tag}=${text}`) ?? [];
      assert.equal(parsed && [parsed.issuer, ...parts].join(' '), printed);
    });
  }

  it('never throws, and is read in a short time', () => {
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => void parseIssueValue(text)));
    const started = performance.now();
    for (const part of ['a-', 'a.', ' ', ';', 'a=b;', '\t= ']) parseIssueValue(part.repeat(20_000));
    assert.ok(performance.now() - started < 1_000);
  });
});

describe('CAA records let the CA issue', () => {
  const sets: readonly (readonly [name: string, lines: readonly string[], host?: string])[] = [
    ['that name it', ['0 issue ca.test']],
    ['that name it by another identity', ['0 issue old-ca.test']],
    ['that name it beside others and malformed ones', ['0 issue x.test', '0 issue %%%', '0 issue ca.test']],
    ['whatever the case of tag and domain', ['0 ISSUE CA.Test']],
    ['that hold nothing but iodef', ['128 iodef mailto:a@shop.test']],
    ['that hold unknown tags without the critical flag', ['0 tbs x', '1 tbs x']],
    ['that only speak of wildcards, for a plain host', ['0 issuewild ;']],
    ['for a wildcard, by issue alone', ['0 issue ca.test'], '*.shop.test'],
    ['for a wildcard, by issuewild before issue', ['0 issue ;', '0 issuewild ca.test'], '*.shop.test'],
    ['for our account', [`0 issue ca.test; accounturi=${ACCOUNT}`]],
    ['for one of two accounts', ['0 issue ca.test; accounturi=x', `0 issue ca.test; accounturi=${ACCOUNT}`]],
    ['by our method', ['0 issue ca.test; validationmethods=http-01,dns-01']],
    ['with parameters that only the CA knows', ['0 issue ca.test; policy=ev']],
  ];
  for (const [name, lines, host] of sets) {
    it(name, () => assert.equal(judge(lines, host), undefined));
  }

  it('for any account, while we have none', () => {
    const { accountUri: _, ...none } = ISSUING;
    const records = [toCaaRecord('0 issue ca.test; accounturi=x')];
    assert.equal(objectionOf({ owner: 'shop.test', records }, none, false), undefined);
  });
});

const FORBIDDING: readonly (readonly [lines: readonly string[], words: string, host?: string])[] = [
  [
    ['0 issue x.test', '0 issue y.test'],
    'CAA shop.test lets only x.test, y.test issue; add CAA shop.test 0 issue "ca.test"',
  ],
  [['0 issue ;'], 'CAA shop.test lets no CA issue; add CAA shop.test 0 issue "ca.test"'],
  [
    ['0 issue ca.test.'],
    'CAA shop.test lets no CA (its value "ca.test." is malformed) issue; add CAA shop.test 0 issue "ca.test"',
  ],
  [
    ['0 issue ca.test', '0 issuewild x.test'],
    'CAA shop.test lets only x.test issue for wildcards; add CAA shop.test 0 issuewild "ca.test"',
    '*.shop.test',
  ],
  [
    ['0 issue x.test'],
    'CAA shop.test lets only x.test issue; add CAA shop.test 0 issue "ca.test"',
    '*.shop.test',
  ],
  [
    ['0 issue ca.test', '128 TBS x'],
    'CAA shop.test has the critical tag "tbs", which no CA may pass over; remove that record, or set its flags to 0',
  ],
  [
    ['0 issue x.test', '0 issue ca.test; accounturi=https://acme.ca.test/acct/2'],
    `CAA shop.test 0 issue "ca.test; accounturi=https://acme.ca.test/acct/2" is not for our account at ca.test; add one with accounturi=${ACCOUNT}`,
  ],
  [
    [`0 issue ca.test; accounturi=${ACCOUNT.toUpperCase()}`],
    `CAA shop.test 0 issue "ca.test; accounturi=${ACCOUNT.toUpperCase()}" is not for our account at ca.test; add one with accounturi=${ACCOUNT}`,
  ],
  [
    [`0 issue ca.test; accounturi=${ACCOUNT}; accounturi=${ACCOUNT}`],
    `CAA shop.test 0 issue "ca.test; accounturi=${ACCOUNT}; accounturi=${ACCOUNT}" is not for our account at ca.test; add one with accounturi=${ACCOUNT}`,
  ],
  ...['http-01', 'DNS-01', '', 'dns-01,', 'dns-01,a_b'].map(
    (list) =>
      [
        [`0 issue ca.test; validationmethods=${list}`],
        `CAA shop.test 0 issue "ca.test; validationmethods=${list}" does not let ca.test validate by dns-01; let its validationmethods be one list with dns-01 in it`,
      ] as const,
  ),
];

describe('CAA records keep the CA from issuing', () => {
  for (const [lines, words, host] of FORBIDDING) {
    it(`by ${lines.join(' and ')}${host ? `, for ${host}` : ''}`, () => {
      assert.equal(judge(lines, host), words);
    });
  }
});
