/** What CAs above a leaf are limited to, with openssl as the judge. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import { type Made, type Making, make, pemOf } from '../../test/support/pki.ts';
import { now, ZONE } from '../../test/support/upload-corpus.ts';
import { Fault } from '../kit/fault.ts';
import { breach } from './constraints.ts';
import { knowing, trustIn } from './trust.ts';
import { readUpload } from './upload.ts';

/** CAs from the root down, and a leaf below the last one. */
async function chainOf(cas: readonly Making[], hosts: readonly string[]): Promise<Made[]> {
  const made: Made[] = [];
  for (const [i, ca] of cas.entries())
    made.unshift(await make(now, { isCa: true, ...(i > 0 && made[0] && { by: made[0] }), ...ca }));
  const [by] = made;
  return [await make(now, { hosts, ...(by && { by }) }), ...made];
}

const www = `www.${ZONE}`;
const CASES: Readonly<
  Record<string, readonly [cas: readonly Making[], hosts: readonly string[], says?: RegExp]>
> = {
  'no limits': [
    [{}, {}],
    [ZONE, www],
  ],
  'a permitted domain': [
    [{}, { permitted: [ZONE] }],
    [ZONE, www, `*.${ZONE}`],
  ],
  'a permitted domain of another name': [
    [{}, { permitted: ['other.test'] }],
    [ZONE],
    /is for shop\.test, for which/,
  ],
  'a name that ends alike': [[{}, { permitted: [ZONE] }], [`my${ZONE}`], /is for myshop\.test/],
  'one name of several outside': [[{}, { permitted: [ZONE] }], [ZONE, 'other.test'], /is for other\.test/],
  'two permitted domains': [[{}, { permitted: ['other.test', ZONE] }], [www]],
  'names below a dot': [[{}, { permitted: [`.${ZONE}`] }], [www]],
  'the name itself below a dot': [[{}, { permitted: [`.${ZONE}`] }], [ZONE], /is for shop\.test/],
  'an excluded domain': [[{}, { excluded: [ZONE] }], [www], /is for www\.shop\.test/],
  'an excluded domain beside it': [[{}, { excluded: ['other.test'] }], [www]],
  'permitted, and excluded below': [[{}, { permitted: [ZONE], excluded: [www] }], [ZONE]],
  'permitted, and excluded there': [[{}, { permitted: [ZONE], excluded: [www] }], [www], /is for www/],
  'limits of the root': [[{ permitted: ['other.test'] }, {}], [ZONE], /is for shop/],
  'limits further up': [[{}, { excluded: [ZONE] }, {}], [ZONE], /is for shop/],
  'a chain as long as it may be': [[{ pathLength: 1 }, { pathLength: 0 }], [ZONE]],
  'a chain that is longer than the root allows': [[{ pathLength: 0 }, {}, {}], [ZONE], /longer than CN=CA/],
  'a chain that is longer than an intermediate allows': [[{}, { pathLength: 0 }, {}], [ZONE], /longer than/],
};

function opensslTakes([leaf, ...cas]: readonly Made[]): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-constraints-'));
  const [root] = cas.slice(-1);
  try {
    writeFileSync(join(dir, 'leaf.pem'), leaf?.pem ?? '');
    writeFileSync(join(dir, 'root.pem'), root?.pem ?? '');
    writeFileSync(
      join(dir, 'between.pem'),
      cas
        .slice(0, -1)
        .map(({ pem }) => pem)
        .join(''),
    );
    const at = String(Math.floor(now.getTime() / 1_000));
    const args = ['verify', '-attime', at, '-CAfile', 'root.pem', '-untrusted', 'between.pem', 'leaf.pem'];
    return spawnSync('openssl', args, { cwd: dir, timeout: 10_000 }).status === 0;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('a chain is none where a CA in it may not issue so, as openssl judges', needs('openssl'), () => {
  for (const [name, [cas, hosts, says]] of Object.entries(CASES))
    it(name, async () => {
      const chain = await chainOf(cas, hosts);
      const why = breach(chain.map(({ pem }) => new X509Certificate(pem)));
      assert.equal(why === undefined, says === undefined, why);
      if (says) assert.match(why ?? '', says);
      assert.equal(opensslTakes(chain), says === undefined);
    });
});

it('a wildcard that covers an excluded name is refused, as some of its names cannot be verified', async () => {
  const chain = await chainOf([{}, { excluded: [www] }], [`*.${ZONE}`]);
  assert.match(breach(chain.map(({ pem }) => new X509Certificate(pem))) ?? '', /is for \*\.shop/);
});

/** Refused as its CA may not issue for its host. */
const isBound = (error: unknown) =>
  error instanceof Fault && error.fault === 'chain_not_bundleable' && error.message.includes('may not issue');

it('an upload goes by the way that may be, and is refused in words where none may', async () => {
  const root = await make(now, { isCa: true });
  const free = await make(now, { isCa: true, by: root });
  const bound = await make(now, {
    isCa: true,
    by: root,
    as: free,
    subject: free.subject,
    permitted: ['other.test'],
  });
  const leaf = await make(now, { by: free, hosts: [ZONE] });
  const trust = trustIn([root.pem]);
  const rules = { zone: ZONE, trust, now };
  const sent = (behind: string) => ({
    certificate: leaf.pem + behind,
    privateKey: pemOf(leaf),
    bundleMethod: 'ubiquitous' as const,
  });
  const { intermediates } = readUpload(sent(bound.pem + free.pem), rules);
  assert.deepEqual(
    intermediates.map(({ pem }) => pem.trim()),
    [free.pem.trim()],
  );
  assert.throws(() => readUpload(sent(bound.pem), rules), isBound);
  assert.equal(
    readUpload(sent(bound.pem), { ...rules, trust: knowing(trust, [free.pem]) }).intermediates.length,
    1,
  );
  const forced = readUpload({ ...sent(bound.pem), bundleMethod: 'force' }, rules);
  assert.deepEqual(forced.intermediates, [], 'nothing is learned of what was not judged');
});
