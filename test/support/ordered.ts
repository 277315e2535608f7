/** A bundled edge that serves what is stored, packs of each type put there, and what it shows. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BundledEdge, startBundledEdge } from '../../src/edge/bundled/bundled.ts';
import { toHostsByAddress } from '../../src/edge/bundled/by-address.ts';
import { showLeaf } from '../../src/edge/handshake.ts';
import { type Pull, startPull } from '../../src/edge/pull/pull.ts';
import { keyPurpose } from '../../src/key/purpose.ts';
import { OwnersKeys } from '../../src/keyless/owners-keys.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { loadConfig } from '../../src/kit/config.ts';
import { newUuid } from '../../src/kit/id.ts';
import { newLog } from '../../src/kit/log.ts';
import { elsewhereText } from '../../src/pack/key-elsewhere.ts';
import type { PackType, PackZone } from '../../src/pack/pack.ts';
import { keylessSettingOf } from '../../src/serve/keyless-setting.ts';
import { pullSource } from '../../src/serve/sources.ts';
import { putCertificate } from '../../src/store/certificates.ts';
import { deploy } from '../../src/store/deployments.ts';
import { transaction } from '../../src/store/store.ts';
import { readUpload } from '../../src/upload/upload.ts';
import { shaken } from './edge/given-edge.ts';
import { until } from './edge/given-service.ts';
import { givenPack, packOf, startJobDeps, type TestJobDeps } from './job-deps.ts';
import { builtTerminator, givenKeyServer, keylessNeeds } from './keyless.ts';
import { type Made, make } from './pki.ts';
import { givenCa } from './uploads.ts';

/** The host that the edge's address stands for. */
export const NAMELESS = 'nameless.test';

/** What is stored, and an edge that pulls it. */
export interface Ordered {
  readonly deps: TestJobDeps;
  readonly ca: Awaited<ReturnType<typeof givenCa>>;
  readonly edge: BundledEdge;
  readonly pull: Pull;
  /** Where keyless packs have their key; undefined: this machine cannot serve them. */
  readonly keyless: Keyless | undefined;
}

/** A key that its owner keeps. */
interface Keyless {
  readonly key: Made;
  readonly port: number;
  readonly ownersKeys: OwnersKeys;
}

async function startKeyless(ends: AsyncDisposableStack, dir: string): Promise<Keyless | undefined> {
  if (keylessNeeds().skip !== false) return undefined;
  const key = await make(systemClock().now());
  const { port, options } = await givenKeyServer(ends, [key.key]);
  const configured = { ...loadConfig({}).options, ...options, keyless_program: await builtTerminator() };
  return { key, port, ownersKeys: new OwnersKeys(keylessSettingOf(configured, dir), newLog('silent')) };
}

/** Starts an edge over a database of its own. All ends with `ends`. */
export async function startOrdered(ends: AsyncDisposableStack): Promise<Ordered> {
  const started = await startJobDeps(ends);
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-order-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  const [path, log] = [join(dir, 'edge.sock'), newLog('silent')];
  const pull = await startPull({ path, source: pullSource(started), log });
  ends.defer(() => pull.close());
  const place = { host: '127.0.0.1', environment: 'production' } as const;
  const byAddress = toHostsByAddress([`${place.host}=${NAMELESS}`]);
  const keyless = await startKeyless(ends, dir);
  const { ownersKeys } = keyless ?? {};
  const edge = await startBundledEdge({ ...place, port: 0, pull: path, log, byAddress, ownersKeys });
  ends.defer(() => edge.close());
  await until(() => edge.stats().isLive);
  const row = { ...place, name: 'edge-a', kind: 'bundled', port: edge.port } as const;
  const deps = {
    ...started,
    edges: [row],
    showLeaf,
    pushChange: (change: Parameters<Pull['push']>[0]) => pull.push(change),
  };
  return { deps, ca: await givenCa(deps), edge, pull, keyless };
}

/** Fingerprint of the leaf that the edge shows; undefined: none. */
export async function leafAt({ edge }: Ordered, name: string): Promise<string | undefined> {
  const row = { name: 'edge-a', kind: 'bundled', host: '127.0.0.1', port: edge.port } as const;
  return (await showLeaf(row, { name, algorithm: 'ecdsa' }, AbortSignal.timeout(10_000)))?.fingerprint;
}

/** Fingerprint of the leaf that a client is shown who sends no name. */
export async function leafWithout({ edge }: Ordered): Promise<string> {
  const socket = await shaken(edge.port, { servername: '' });
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Tells the edge of a change, and resolves when it shows that leaf. */
export async function shows(world: Ordered, name: string, leaf: string): Promise<void> {
  world.pull.push({ environment: 'production', hosts: [name] });
  const late = performance.now() + 5_000;
  while ((await leafAt(world, name)) !== leaf) {
    assert(performance.now() < late, `${name} is not served by the pack that goes first`);
    await sleep(20);
  }
}

/** Tells the edge of a change, and resolves when it knows. */
export async function tell({ edge, pull }: Ordered, name: string): Promise<void> {
  const { changes } = edge.stats();
  pull.push({ environment: 'production', hosts: [name] });
  await until(() => edge.stats().changes > changes);
}

/** A pack on the edge. */
export interface OnEdge {
  readonly id: string;
  readonly leaf: string;
  readonly type: PackType;
}

/** A pack with a certificate of its own that covers these hosts on the edge. */
export async function onEdge(
  { deps, ca, keyless }: Ordered,
  zone: PackZone,
  type: PackType,
  hosts: readonly string[],
): Promise<OnEdge> {
  const kept = type === 'keyless' ? keyless : undefined;
  const made = await ca.issue([`${type.replace('_', '-')}.${zone.name}`], kept && { as: kept.key });
  const now = deps.clock.now();
  const sent = { certificate: made.certificate, privateKey: made.private_key };
  const rules = { zone: zone.name, trust: ca.trust, now };
  const read = readUpload({ ...sent, bundleMethod: 'ubiquitous' }, rules);
  const certificate = { ...read.leaf, id: newUuid(), uploadedOn: now, modifiedOn: now };
  const id = await givenPack(deps, zone, { type, hosts, status: 'active', certificates: [] });
  await transaction(deps.pool, async (tx) => {
    const pack = await packOf(deps, id);
    const key = kept ? elsewhereText('127.0.0.1', kept.port) : read.key;
    const sealedKey = deps.seal.close(Buffer.from(key ?? assert.fail()), keyPurpose(id, 'ecdsa'));
    await putCertificate(tx, pack, certificate, { chain: read.chain, sealedKey, table: 'certificates' });
    await deploy(tx, { ...pack, certificates: [certificate] }, hosts, ['edge-a']);
  });
  deps.clock.advance(1);
  return { id, leaf: read.leaf.fingerprint, type };
}
