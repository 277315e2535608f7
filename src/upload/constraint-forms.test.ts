/** CAs that are limited to addresses, mail addresses, directory names and others: chains that openssl makes, with openssl as the judge. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import { Fault } from '../kit/fault.ts';
import { breach } from './constraints.ts';
import { trustIn } from './trust.ts';
import { readUpload } from './upload.ts';

let dir: string;
const openssl = (...args: string[]) =>
  spawnSync('openssl', args, { cwd: dir, timeout: 20_000, encoding: 'utf8' });
const read = (file: string) => readFileSync(join(dir, file), 'utf8');

/** Makes `NAME.pem` of the key `NAME.key`, signed by another or by itself. */
function certify(name: string, subject: string, extensions: readonly string[], by?: string): void {
  const config = [
    '[req]',
    'distinguished_name=none',
    '[none]',
    '[dir]',
    'C=DE',
    'O=Shop',
    '[ext]',
    ...extensions,
  ];
  writeFileSync(join(dir, `${name}.cnf`), config.join('\n'));
  const signed = by === undefined ? [] : ['-CA', `${by}.pem`, '-CAkey', `${by}.key`];
  const request = ['req', '-x509', '-new', '-key', `${name}.key`, '-subj', subject, '-days', '90', '-utf8'];
  const rest = ['-config', `${name}.cnf`, '-extensions', 'ext', '-out', `${name}.pem`];
  const made = openssl(...request, ...signed, ...rest);
  assert.equal(made.status, 0, made.stderr);
}

const CA = ['basicConstraints=critical,CA:TRUE'];
const LEAF = ['basicConstraints=CA:FALSE', 'extendedKeyUsage=serverAuth'];
const needed = needs('openssl');
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'certpacks-forms-'));
  if (needed.skip !== false) return;
  for (const name of ['root', 'limited', 'leaf'])
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', `${name}.key`);
  certify('root', '/CN=Root', CA);
});
after(() => rmSync(dir, { recursive: true, force: true }));

const DNS = 'DNS:shop.test';
const NONE = /may not issue: CN=Limited is limited to other names/;
/** What the CA is limited to, the names of the leaf, and what is said of them; openssl thinks the same, unless told. */
const CASES: readonly (readonly [
  limits: string,
  names: string,
  says?: RegExp | undefined,
  subject?: string,
])[] = [
  ['permitted;IP:10.0.0.0/255.0.0.0', `${DNS},IP:10.1.2.3`],
  ['permitted;IP:10.0.0.0/255.0.0.0', `${DNS},IP:192.0.2.1`, /is for the address 192\.0\.2\.1, for which/],
  ['permitted;IP:10.0.0.0/255.0.0.0', `${DNS},IP:2001:db8::1`, NONE],
  ['permitted;IP:10.0.0.0/255.0.0.0', DNS],
  ['excluded;IP:0.0.0.0/0.0.0.0', `${DNS},IP:10.1.2.3`, NONE],
  ['permitted;email:shop.test', `${DNS},email:it@shop.test`],
  [
    'permitted;email:shop.test',
    `${DNS},email:it@www.shop.test`,
    /is for the mail address it@www\.shop\.test/,
  ],
  ['excluded;email:.shop.test', `${DNS},email:it@www.shop.test`, NONE],
  ['permitted;email:other.test', DNS, NONE, '/CN=shop.test/emailAddress=it@shop.test'],
  ['permitted;dirName:dir', DNS, undefined, '/C=DE/O=  SHOP /CN=shop.test'],
  ['permitted;dirName:dir', DNS, /is for its subject, for which/, '/C=DE/O=Shops/CN=shop.test'],
  ['excluded;dirName:dir', DNS, NONE, '/C=DE/O=Shop/CN=shop.test'],
  ['permitted;URI:.shop.test', `${DNS},URI:https://www.shop.test/x`],
  ['permitted;URI:.shop.test', `${DNS},URI:https://shop.test/x`, /is for the URI https:\/\/shop\.test\/x/],
  ['permitted;RID:1.2.3.4', `${DNS},RID:1.2.3.4`, /limited in a way that cannot be judged/],
  ['permitted;DNS:shop.test,excluded;IP:0.0.0.0/0.0.0.0', DNS],
];

describe('a chain is none for names of which a CA in it is not one, as openssl judges', needed, () => {
  for (const [limits, names, says, subject = '/CN=shop.test'] of CASES)
    it(`${limits} above ${names}${subject === '/CN=shop.test' ? '' : ` of ${subject}`}`, () => {
      certify('limited', '/CN=Limited', [...CA, `nameConstraints=critical,${limits}`], 'root');
      certify('leaf', subject, [...LEAF, `subjectAltName=${names}`], 'limited');
      const chain = ['leaf', 'limited', 'root'].map((name) => new X509Certificate(read(`${name}.pem`)));
      const why = breach(chain);
      if (says) assert.match(why ?? 'taken', says);
      else assert.equal(why, undefined);
      const judged = openssl('verify', '-CAfile', 'root.pem', '-untrusted', 'limited.pem', 'leaf.pem');
      assert.equal(judged.status === 0, says === undefined, judged.stderr);
    });
});

it(
  'an upload is refused in words for a form that nobody can judge, whatever the leaf has, and taken with force',
  needed,
  () => {
    certify(
      'limited',
      '/CN=Limited',
      [...CA, 'nameConstraints=critical,permitted;otherName:1.2.3.4;UTF8:x'],
      'root',
    );
    certify('leaf', '/CN=shop.test', [...LEAF, `subjectAltName=${DNS}`], 'limited');
    const certificate = read('leaf.pem') + read('limited.pem');
    const given = { certificate, privateKey: read('leaf.key') };
    const rules = { zone: 'shop.test', trust: trustIn([read('root.pem')]), now: new Date() };
    assert.throws(
      () => readUpload({ ...given, bundleMethod: 'ubiquitous' }, rules),
      (error) =>
        error instanceof Fault &&
        error.fault === 'chain_not_bundleable' &&
        error.message.includes('CN=Limited is limited in a way that cannot be judged'),
    );
    assert.deepEqual(readUpload({ ...given, bundleMethod: 'force' }, rules).names, ['shop.test']);
  },
);
