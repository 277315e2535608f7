/** Certificates of a CA that a test trusts, uploaded and shown by edges that pull. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type Cloudflare from 'cloudflare';
import { parseLeaf } from '../../src/ca/leaf.ts';
import type { Clock } from '../../src/kit/clock.ts';
import { createUpload } from '../../src/operation/create-upload.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import type { PackZone } from '../../src/pack/pack.ts';
import { pullSource } from '../../src/serve/sources.ts';
import { OPERATOR } from '../../src/store/audit.ts';
import { getCustomCertificateOf } from '../../src/store/uploads.ts';
import { trustIn } from '../../src/upload/trust.ts';
import { edgeNamed, shown, type TestJobDeps } from './job-deps.ts';
import { type Making, make, makeCa, pemOf } from './pki.ts';

/** A CA, who trusts it, and what people get from it. */
export async function givenCa({ clock }: { readonly clock: Clock }) {
  const { root, intermediate } = await makeCa(clock.now());
  return {
    root: root.pem,
    trust: trustIn([root.pem]),
    /** A leaf with its intermediate, and its key. */
    async issue(hosts: readonly string[], making: Making = {}) {
      const leaf = await make(clock.now(), { by: intermediate, hosts, ...making });
      return { certificate: leaf.pem + intermediate.pem, private_key: pemOf(leaf), leaf: leaf.pem };
    },
  };
}

/** A production edge and a staging one that serve what is stored, keys opened: who does not get a key shows nothing. */
export const pulling = (deps: TestJobDeps): TestJobDeps => ({
  ...deps,
  edges: [edgeNamed('edge-a'), { ...edgeNamed('edge-b'), environment: 'staging' }],
  showLeaf: async (edge, { name, algorithm }) => {
    const pack = await pullSource(deps).packFor(name, edge.name === 'edge-b' ? 'staging' : 'production');
    const pair = pack?.certificates[algorithm];
    return pair && shown(parseLeaf(pair.chain).fingerprint);
  },
});

/** Fingerprint of the leaf that production edges show for a name; undefined: none. */
export async function leafFor(deps: TestJobDeps, name: string): Promise<string | undefined> {
  const pack = await pullSource(deps).packFor(name, 'production');
  const [pair] = Object.values(pack?.certificates ?? {});
  return pair && parseLeaf(pair.chain).fingerprint;
}

/** Fingerprint of a leaf in PEM. */
export const fingerprintOf = ({ leaf }: { readonly leaf: string }): string =>
  parseLeaf(leaf.trim()).fingerprint;

/** A custom certificate of a zone, self-signed; its id. */
export async function uploadIn(deps: TestJobDeps, zone: PackZone): Promise<string> {
  const made = await make(deps.clock.now(), { hosts: [zone.name] });
  const { id } = await createUpload(
    { ...deps, trust: trustIn([]), quotas: NO_QUOTAS },
    {
      zone,
      given: { certificate: made.pem, privateKey: pemOf(made), bundleMethod: 'force' },
      type: 'sni_custom',
      environment: 'production',
      request: { zoneId: zone.id, bodyHash: randomBytes(32) },
      isRetry: false,
      by: OPERATOR,
    },
  );
  return (await getCustomCertificateOf(deps.pool, { id, zone }))?.id ?? assert.fail();
}

/** Status, code and pointer of a refusal. */
export async function refusal(
  asked: Promise<unknown>,
): Promise<readonly [number, number, string | undefined]> {
  const error: unknown = await asked.then(
    () => assert.fail('it was not refused'),
    (one: unknown) => one,
  );
  assert(isRefusal(error), String(error));
  const [first] = error.errors;
  return [error.status, first?.code ?? 0, first?.source?.pointer];
}

interface Refusal {
  readonly status: number;
  readonly errors: readonly { readonly code: number; readonly source?: { readonly pointer: string } }[];
}
const isRefusal = (error: unknown): error is Refusal =>
  error instanceof Error && 'status' in error && 'errors' in error && Array.isArray(error.errors);

/** What there is of custom certificates in a zone, by a filter. */
export async function listed(client: Cloudflare, zone_id: string, query: object = {}): Promise<string[]> {
  const page = await client.customCertificates.list({ zone_id, ...query });
  return page.result.map(({ id }) => id);
}
