/** Branded packs with the clock, the CA, DNS and the edges in the test's hands; the database is real. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import {
  allVisible,
  carryAll,
  clear,
  dueIn,
  edgeNamed,
  givenPack,
  givenZone,
  packOf,
  startJobDeps,
  type TestJobDeps,
} from '../../../test/support/job-deps.ts';
import { Mailbox } from '../../../test/support/mail.ts';
import { pass, wishful } from '../../../test/support/renewing.ts';
import type { TestCa, TestRule } from '../../../test/support/simulator/simulated-ca.ts';
import { withCa } from '../../../test/support/simulator/with-ca.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { changePack } from '../../operation/change-pack.ts';
import { NO_BACKUPS } from '../../operation/insert-backup.ts';
import { brandingOf } from '../../pack/branding.ts';
import type { Pack, PackZone } from '../../pack/pack.ts';
import { toPackJson } from '../../pack/pack-json.ts';
import { OPERATOR } from '../../store/audit.ts';
import { published } from '../../store/published-names.ts';
import { suffixesOf } from '../../store/published-records.ts';

const ends = new AsyncDisposableStack();
let plain: TestJobDeps;
before(async () => {
  plain = await startJobDeps(ends);
});
beforeEach(() => clear(plain));
after(() => ends.disposeAsync());

const NO_WINDOW: TestRule = { on: 'directory', fault: 'patch', body: { renewalInfo: null } };
const NAME = 'sni-0.brand.example.net';
const BRANDED = { isBranded: true, brandedAs: NAME } as const;

interface Given {
  readonly at: TestJobDeps;
  readonly ca: TestCa;
  readonly zone: PackZone;
}

/** What jobs are given, in a zone of that name. */
async function given(t: TestContext, change: Partial<TestJobDeps> = {}): Promise<Given> {
  const clock = new VirtualClock();
  const deps = { ...plain, clock, precheckTxt: allVisible, edges: [edgeNamed('edge-a')], ...change };
  const { at, ca } = await withCa(
    t,
    { ...deps, showLeaf: wishful(deps) },
    { rules: [NO_WINDOW], mail: new Mailbox() },
  );
  return { at, ca, zone: await givenZone(at, 'one.test', 'partial') };
}

const namesOf = ({ certificates }: Pack): string[] => [
  ...new Set(certificates.flatMap(({ hosts }) => hosts)),
];
const renew = async (at: TestJobDeps, id: string) => pass(at, ((await dueIn(at, id)) ?? 0) + 1);

test('each renewal has the name that the pack has by then: its own, that of another domain, or none', async (t) => {
  const { at, zone } = await given(t);
  const id = await givenPack(at, zone, BRANDED);
  await carryAll(at);
  assert.deepEqual(namesOf(await packOf(at, id)), ['one.test', NAME]);
  const own = brandingOf({ id, isBranded: true }, 'brand.example.net') ?? assert.fail();
  await renew(at, id);
  assert.deepEqual(namesOf(await packOf(at, id)), ['one.test', own]);
  await renew(at, id);
  const again = await packOf(at, id);
  assert.deepEqual([namesOf(again), again.validationErrors], [['one.test', own], []]);

  const moved = { ...at, brandingDomain: 'other.example' };
  await carryAll(moved);
  assert.deepEqual(namesOf(await packOf(at, id)), ['one.test', own], 'not before its time');
  await renew(moved, id);
  assert.deepEqual(namesOf(await packOf(at, id)), [
    'one.test',
    own.replace('brand.example.net', 'other.example'),
  ]);
  const without = { ...at, brandingDomain: '' };
  await renew(without, id);
  assert.deepEqual(namesOf(await packOf(at, id)), ['one.test']);
});

test('the record of the name is ours alone: published below its domain, shown to nobody', async (t) => {
  const { at, zone } = await given(t, { precheckTxt: plain.precheckTxt });
  const id = await givenPack(at, zone, BRANDED);
  await carryAll(at);
  const pack = await packOf(at, id);
  const name = `_acme-challenge.${NAME}`;
  const asked = { name, suffixes: suffixesOf(name), isDelegated: true };
  const [answer] = await published(at.pool, [asked]);
  const own = pack.validationRecords.find(({ isOurs }) => isOurs);
  assert(own?.method === 'txt');
  assert.deepEqual([own.txtName, [own.txtValue]], [name, answer?.txt]);
  const { validation_records: shown } = toPackJson(pack, at.json);
  assert.deepEqual(
    shown.map((one) => one.txt_name),
    ['_acme-challenge.one.test'],
  );
});

test('where our own name servers do not show it, the subscriber is told whose move it is', async (t) => {
  const { at, zone } = await given(t, {
    precheckTxt: async (record) =>
      record.txtName.endsWith('.one.test')
        ? allVisible(record, new AbortController().signal)
        : { ...record, isVisible: false, seen: [], problem: `${record.txtName} is not there; create TXT` },
  });
  const id = await givenPack(at, zone, BRANDED);
  await carryAll(at);
  const { validationErrors, found } = await packOf(at, id);
  assert.deepEqual([found?.cause, found?.whose], ['own_records_unseen', 'operator']);
  const [said = '', ...others] = validationErrors;
  assert.match(said, /sni-0\.brand\.example\.net is not there; .*the operator's to put right/);
  assert.doesNotMatch(said, /create TXT/);
  assert.deepEqual(others, []);
});

test('a pack that is validated by e-mail has its name shown by TXT: nobody is written to about it', async (t) => {
  const { at, zone } = await given(t);
  const id = await givenPack(at, zone, { ...BRANDED, validationMethod: 'email' });
  await carryAll(at);
  const pack = await packOf(at, id);
  assert.deepEqual(
    pack.validationRecords.map(({ method, isOurs = false }) => `${method} ${isOurs}`).toSorted(),
    ['email false', 'txt true'],
  );
  assert.doesNotMatch(pack.validationErrors.join(), /sni-0/);
});

const patch = (at: TestJobDeps, id: string, zone: PackZone, isBranded: boolean) =>
  changePack(
    { ...at, rows: new Map(), backups: NO_BACKUPS },
    { zoneId: zone.id, id, isBranded, by: OPERATOR },
  );

test('what may be issued by now is not ordered a second time for a change: it has it with the next renewal', async (t) => {
  const { at, zone } = await given(t, { edges: [edgeNamed('edge-a')] });
  const hidden = { ...at, showLeaf: async () => undefined };
  const id = await givenPack(at, zone);
  await carryAll(hidden);
  assert.equal((await packOf(at, id)).status, 'pending_deployment');
  await patch(at, id, zone, true);
  await pass(at, 3_600);
  const served = await packOf(at, id);
  assert.deepEqual([served.status, namesOf(served)], ['active', ['one.test']]);
  await renew(at, id);
  assert.equal(namesOf(await packOf(at, id)).length, 2);
});

test('an order that the CA may have issued for goes on as it is: nothing is issued for nobody', async (t) => {
  const { at, ca, zone } = await given(t);
  ca.script(NO_WINDOW, { on: 'finalize', times: 2, fault: 'silence', takes_effect: true });
  const id = await givenPack(at, zone);
  await carryAll(at);
  assert.equal((await packOf(at, id)).status, 'pending_issuance');
  await patch(at, id, zone, true);
  await pass(at, 3_600);
  const served = await packOf(at, id);
  assert.deepEqual([served.status, namesOf(served)], ['active', ['one.test']]);
  assert.equal(ca.server.ledger.certificates.size, 2);
});

test('a renewal whose control is not shown yet begins anew for a change, and ends with all certificates alike', async (t) => {
  const { at, zone } = await given(t);
  const id = await givenPack(at, zone);
  await carryAll(at);
  const blind = { ...at, precheckTxt: plain.precheckTxt };
  await renew(blind, id);
  assert.equal((await packOf(at, id)).renewal?.run?.status, 'pending_validation');
  await patch(at, id, zone, true);
  await carryAll(at);
  const pack = await packOf(at, id);
  assert.deepEqual([pack.status, pack.renewal?.run], ['active', undefined]);
  for (const { hosts } of pack.certificates) assert.equal(hosts.length, 2);
});
