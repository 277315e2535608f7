/** Each statement on a custom certificate finds all that it needs in one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import { edgeNamed, givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { assertInOnePiece, type CutTable, carryIn, cutTables } from '../../test/support/partitioned.ts';
import { make, pemOf } from '../../test/support/pki.ts';
import { wishful } from '../../test/support/renewing.ts';
import { createUpload } from '../operation/create-upload.ts';
import { deleteUpload } from '../operation/delete-upload.ts';
import { prioritizeUploads } from '../operation/prioritize-uploads.ts';
import { NO_QUOTAS } from '../operation/quotas.ts';
import { replaceUpload } from '../operation/replace-upload.ts';
import { statusesShown } from '../pack/custom-certificate.ts';
import type { PackZone } from '../pack/pack.ts';
import { trustIn } from '../upload/trust.ts';
import { OPERATOR } from './audit.ts';
import { getCustomCertificate, getCustomCertificateOf, listCustomCertificates } from './uploads.ts';

const ends = new AsyncDisposableStack();
let deps: TestJobDeps;
let tables: CutTable[];
let zone: PackZone;
const seen: Explained[] = [];
before(async () => {
  const plain = await startJobDeps(ends);
  tables = await cutTables(plain.pool);
  zone = await givenZone(plain, 'zone.test');
  const pool = explainingPool(plain.pool, seen);
  ends.defer(() => pool.end());
  deps = { ...plain, pool, edges: [edgeNamed('edge-a')], showLeaf: wishful(plain) };
});
after(() => ends.disposeAsync());

test('a custom certificate is uploaded, shown, put in order, replaced, listed, deleted and removed inside one piece', async () => {
  const on = { ...deps, trust: trustIn([]), quotas: NO_QUOTAS };
  const made = await make(deps.clock.now(), { hosts: [zone.name] });
  const by = OPERATOR;
  const request = () => ({ request: { zoneId: zone.id, bodyHash: randomBytes(32) }, isRetry: true });
  const given = { certificate: made.pem, privateKey: pemOf(made), bundleMethod: 'force' } as const;
  const ofZone = { zoneId: zone.id, by };
  const met = await assertInOnePiece({ tables, seen }, async () => {
    const kind = { type: 'legacy_custom', environment: 'production' } as const;
    const { id: packId } = await createUpload(on, { zone, given, ...kind, by, ...request() });
    const { id } = (await getCustomCertificateOf(on.pool, { id: packId, zone })) ?? assert.fail();
    await carryIn(on, zone);
    await prioritizeUploads(on, { ...ofZone, priorities: [{ id, priority: 3 }] });
    const key = pemOf(made, 'sec1');
    const other = await replaceUpload(on, { zone, id, privateKey: key, by, ...request() });
    await carryIn(on, zone);
    assert.equal((await getCustomCertificate(on.pool, zone.id, id))?.packId, other.id);
    const filter = { zoneId: zone.id, statuses: statusesShown(undefined) };
    assert.equal((await listCustomCertificates(on.pool, filter, { page: 1, perPage: 5 })).total, 1);
    await deleteUpload(on, { ...ofZone, id });
    await carryIn(on, zone);
    on.clock.advance(121);
    await carryIn(on, zone);
    assert.equal(await getCustomCertificate(on.pool, zone.id, id), undefined);
  });
  assert([...met].includes('uploads'));
});
