import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { newKeyPair, rawPublicKey } from '../kit/hpke.ts';
import { toEdgeRows } from './edge-rows.ts';
import { loadRegionKeys, readPublicKey, regionsOpened, toRegions, writeRegionKey } from './regions.ts';

const folder = mkdtempSync(join(tmpdir(), 'certpacks-regions-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const load = (path: string) => () => loadRegionKeys({ region_key_files: [path] });
const newPublicKey = () => rawPublicKey(newKeyPair()).toString('base64');

test('a region is read with what is known of it', () => {
  const public_key = newPublicKey();
  const [one, other] = toRegions([
    { name: 'frankfurt', public_key, region: ['EU', 'weur'], country: 'de', highest_security: true },
    { name: 'us', public_key: newPublicKey(), country: 'US' },
  ]);
  assert.deepEqual(one, {
    name: 'frankfurt',
    publicKey: Buffer.from(public_key, 'base64'),
    location: { regions: ['EU', 'WEUR'], country: 'DE', isHighestSecurity: true },
  });
  assert.deepEqual(other?.location, { regions: [], country: 'US', isHighestSecurity: false });
});

test('what cannot be a region is refused, by its place and its option', () => {
  const public_key = newPublicKey();
  const good = { name: 'eu', public_key, region: 'EU' };
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ ...good, name: '' }, /regions\[0\]: 'name'/],
    [{ ...good, public_key: 'short' }, /'public_key' must be 32 bytes/],
    [{ ...good, region: 'MARS' }, /'region' must be/],
    [{ ...good, region: 7 }, /'region' must be/],
    [{ ...good, region: 'EU APAC' }, /no place lies in both/],
    [{ ...good, country: 'US' }, /US is no country of the EU/],
    [{ ...good, country: 'Germany' }, /'country' must be two letters/],
    [{ ...good, highest_security: 'yes' }, /'highest_security' must be true or false/],
    [{ ...good, private_key: 'x' }, /unknown option 'private_key'/],
    [{ name: 'eu', public_key }, /it needs 'region'/],
  ];
  for (const [table, words] of wrong)
    assert.throws(() => toRegions([table]), { fault: 'configuration', message: words }, String(words));
  assert.throws(() => toRegions([good, { ...good, public_key: newPublicKey() }]), /two regions are named eu/);
  assert.throws(() => toRegions([good, { ...good, name: 'other' }]), /the same public key/);
});

test('an edge has the place that it is told to be in, and none where nothing is told', () => {
  const edge = { name: 'a', environment: 'production', host: '192.0.2.1', port: 443 };
  const [told] = toEdgeRows([{ ...edge, region: 'ENAM', country: 'US' }]);
  assert.deepEqual(told?.location, { regions: ['ENAM'], country: 'US', isHighestSecurity: false });
  assert.equal(toEdgeRows([edge])[0]?.location, undefined);
  assert.throws(() => toEdgeRows([{ ...edge, region: 'EU', country: 'US' }]), /edges\[0\]: US is no country/);
});

test('a private key is made for its owner alone, in a new file, and opens what is sealed to it', () => {
  const file = join(folder, 'eu.key');
  const publicKey = writeRegionKey(file);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readPublicKey(file), publicKey);
  const text = readFileSync(file, 'utf8');
  assert.throws(() => writeRegionKey(file), /is there already/);
  assert.equal(readFileSync(file, 'utf8'), text);
  assert.throws(() => writeRegionKey(join(folder, 'absent', 'eu.key')), /cannot be written \(ENOENT\)/);
  const regions = toRegions([{ name: 'eu', region: 'EU', public_key: publicKey.toString('base64') }]);
  assert.deepEqual(regionsOpened(regions, loadRegionKeys({ region_key_files: [file] })), ['eu']);
});

test('a private key that others may read, is none, or is not there keeps the process from starting, and nothing of it is told', () => {
  const file = join(folder, 'open.key');
  writeRegionKey(file);
  chmodSync(file, 0o640);
  assert.throws(load(file), /can be read by others; make it mode 600/);
  const other = join(folder, 'other.key');
  writeFileSync(other, 'SECRET TEXT', { mode: 0o600 });
  assert.throws(load(other), (error) => error instanceof Error && !/SECRET/.test(error.message));
  assert.throws(load(join(folder, 'none.key')), /is not there/);
});
