/** Each statement on a custom hostname finds all that it needs in one piece of each table, as partitions.test.ts has it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Explained, explainingPool } from '../../test/support/explained.ts';
import { edgeNamed, givenZone, startJobDeps, type TestJobDeps } from '../../test/support/job-deps.ts';
import { assertInOnePiece, type CutTable, carryIn, cutTables } from '../../test/support/partitioned.ts';
import { make, pemOf } from '../../test/support/pki.ts';
import { wishful } from '../../test/support/renewing.ts';
import { changeCustomHostname } from '../operation/change-custom-hostname.ts';
import {
  lookAtFallbackOrigin,
  removeFallbackOrigin,
  setFallbackOrigin,
} from '../operation/change-fallback-origin.ts';
import { createCustomHostname } from '../operation/create-custom-hostname.ts';
import { deleteCustomHostname } from '../operation/delete-custom-hostname.ts';
import { FREE_HOSTNAMES, hostnameQuotaOf } from '../operation/hostname-policy.ts';
import { NO_QUOTAS } from '../operation/quotas.ts';
import { purgeHostname, recordHostnameLook } from '../operation/record-hostname-look.ts';
import type { PackZone } from '../pack/pack.ts';
import { trustIn } from '../upload/trust.ts';
import { OPERATOR } from './audit.ts';
import { getShownHostname, listShownHostnames } from './custom-hostname-list.ts';
import { getHostname, takeDueHostnames } from './custom-hostnames.ts';
import { takeDueOrigins } from './fallback-origins.ts';
import { listHostnamePacks } from './hostname-packs.ts';
import { getHostnameOrigin, listHostnameSettings } from './hostname-settings.ts';
import type { Pool } from './store.ts';

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

const TERMS = {
  metadata: { a: 'b' },
  originServer: undefined,
  originSni: undefined,
  wildcard: false,
  bundleMethod: 'force',
  settings: {},
} as const;

async function assertShown(pool: Pool, id: string): Promise<void> {
  const page = { page: 1, perPage: 5, order: 'ssl_status', isDescending: true } as const;
  assert.equal((await listShownHostnames(pool, { zoneId: zone.id, startsWith: 'app' }, page)).total, 1);
  assert((await getShownHostname(pool, zone.id, id))?.pack);
}

test('a custom hostname is made, shown, listed, changed, looked at, deleted and removed inside one piece', async () => {
  const on = { ...deps, rows: new Map(), trust: trustIn([]), quotas: NO_QUOTAS, hostnames: FREE_HOSTNAMES };
  const hostname = 'app.customer.test';
  const made = await make(deps.clock.now(), { hosts: [hostname] });
  const by = OPERATOR;
  const pairs = [{ certificate: made.pem, key: pemOf(made), pointer: '/ssl' }];
  const request = { zoneId: zone.id, bodyHash: randomBytes(32) };
  const asked = { zone, hostname, by, request, isRetry: true };
  const met = await assertInOnePiece({ tables, seen }, async () => {
    const { id } = await createCustomHostname(on, {
      ...asked,
      terms: TERMS,
      ssl: { kind: 'given', pairs },
    });
    await carryIn(on, zone);
    const found = async () => (await getHostname(on.pool, zone.id, id)) ?? assert.fail();
    assert.deepEqual(await recordHostnameLook(on, await found(), { looked: 'shown', errors: [] }), [
      hostname,
    ]);
    await changeCustomHostname(on, {
      zone,
      id,
      terms: (now) => ({ ...now, bundleMethod: 'optimal' }),
      ssl: { pairs },
      by,
    }).catch(
      () => undefined, // self-signed: no chain
    );
    await changeCustomHostname(on, { zone, id, terms: (now) => now, ssl: { pairs }, by });
    await carryIn(on, zone);
    assert.equal((await found()).status, 'active');
    const packs = (await listHostnamePacks(on.pool, zone.id, id)).map(({ packId }) => ({ id: packId, zone }));
    assert.equal((await listHostnameSettings(on.pool, packs)).size, packs.length);
    for (const pack of packs) assert.equal((await getHostnameOrigin(on.pool, pack))?.zoneName, zone.name);
    await assertShown(on.pool, id);
    assert.equal((await hostnameQuotaOf(on.pool, FREE_HOSTNAMES, zone.id)).used, 1);
    await setFallbackOrigin(on, { zone, origin: 'o.zone.test', by });
    await lookAtFallbackOrigin(on, zone.id);
    await removeFallbackOrigin(on, { zone, by });
    await deleteCustomHostname(on, { zone, id, by });
    await carryIn(on, zone);
    on.clock.advance(121);
    await carryIn(on, zone);
    await purgeHostname(on, await found());
    assert.equal(await getHostname(on.pool, zone.id, id), undefined);
  });
  for (const name of ['custom_hostnames', 'custom_hostname_packs', 'fallback_origins'])
    assert([...met].includes(name), name);
});

test('what is due anywhere is taken by one statement', async () => {
  const now = deps.clock.now();
  const which = { now, until: new Date(now.getTime() + 60_000), limit: 10 };
  assert.deepEqual(await takeDueHostnames(deps.pool, which), []);
  assert.deepEqual(await takeDueOrigins(deps.pool, which), []);
});
