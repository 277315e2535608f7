/** Zones of several accounts that show control at one CA, which knows one account of ours. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { deleteZone } from '../../src/operation/delete-zone.ts';
import type { PackZone, ValidationRecord } from '../../src/pack/pack.ts';
import { allVisible, carryAll, givenPack, givenZone, packOf, type TestJobDeps } from './job-deps.ts';
import type { TestCa } from './simulator/simulated-ca.ts';
import { type WithCa, type WithCaOptions, withCa } from './simulator/with-ca.ts';

/** What jobs are given, with nobody's records visible, and with everybody's. */
export interface Sights extends WithCa {
  readonly visible: TestJobDeps;
}

/** A CA that reuses authorizations. */
export async function withSights(
  t: TestContext,
  deps: TestJobDeps,
  options?: WithCaOptions,
): Promise<Sights> {
  const { at, ca } = await withCa(t, deps, options);
  return { at, visible: { ...at, precheckTxt: allVisible }, ca };
}

/** The zone one.test, of an account of its own. */
export const oneTest = (deps: TestJobDeps): Promise<PackZone> => givenZone(deps, 'one.test', 'partial');

/** The zone goes. */
export const leave = (deps: TestJobDeps, zone: PackZone): Promise<void> =>
  deleteZone(deps, zone, { id: 'test' });

/** A pack of the zone that is carried as far as it goes; its id. */
export async function carried(at: TestJobDeps, zone: PackZone, hosts = [zone.name]): Promise<string> {
  const id = await givenPack(at, zone, { hosts });
  await carryAll(at);
  return id;
}

/** A zone one.test, with a pack that got both certificates by what it has shown. */
export async function givenProven(t: TestContext, deps: TestJobDeps, options?: WithCaOptions) {
  const sights = await withSights(t, deps, options);
  const first = await oneTest(deps);
  const firstId = await carried(sights.visible, first);
  assert.equal((await packOf(deps, firstId)).certificates.length, 2);
  return { ...sights, first, firstId };
}

/** The value of a TXT record. */
export const valueOf = (record: ValidationRecord | undefined): string =>
  record?.method === 'txt' ? record.txtValue : '';

/** The value that a pack waits to see; fails where it waits for none. */
export async function awaited(deps: TestJobDeps, id: string): Promise<string> {
  const { status, validationRecords, certificates } = await packOf(deps, id);
  assert.equal(status, 'pending_validation');
  assert.equal(certificates.length, 0);
  assert.deepEqual(
    validationRecords.map((one) => one.status),
    ['pending'],
  );
  return valueOf(validationRecords[0]);
}

/** Statuses of all authorizations that the CA gave, in order. */
export const statuses = ({ server }: TestCa): string[] =>
  [...server.ledger.authorizations.values()].map(({ status }) => status);
