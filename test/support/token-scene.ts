/** A service whose packs have their keys in a token of SoftHSM2, and what is in that token. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { builtTerminator, givenToken } from './keyless.ts';
import { startTestService } from './service.ts';
import { until } from './world.ts';

export type TokenScene = Awaited<ReturnType<typeof givenTokenPacks>>;

/** Labels of the keys in a token that were made for packs: of their public halves, as the others are not to be read. */
export function labelsIn(dir: string): string[] {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.object'),
  );
  return files
    .flatMap((name) => /certpacks-[0-9a-f-]{36}-(?:ecdsa|rsa)/.exec(read(join(dir, name)))?.[0] ?? [])
    .toSorted();
}

/** A file may go while the folder is read. */
const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'latin1') : '');

/** Starts it, with the zone shop.test and one edge. All ends with `ends`. */
export async function givenTokenPacks(ends: AsyncDisposableStack) {
  const token = givenToken(ends, 'edge', {});
  const options = {
    ...token.options,
    pkcs11_packs: ['all'],
    pkcs11_packs_token: 'edge',
    keyless_program: await builtTerminator(),
  };
  const service = await startTestService(ends, { options, edgeNames: ['edge-a'] });
  const { client, accountId } = service;
  const [edge] = service.edges;
  assert(edge);
  const zone = await client.zones.create({ account: { id: accountId }, name: 'shop.test', type: 'full' });
  const inZone = { zone_id: zone.id };
  const packs = client.ssl.certificatePacks;
  return {
    service,
    token,
    edge,
    of: inZone,
    order: (...hosts: string[]) =>
      packs.create({
        ...inZone,
        type: 'advanced',
        hosts,
        certificate_authority: 'lets_encrypt',
        validation_method: 'txt',
        validity_days: 90,
      }),
    read: (id: string) => packs.get(id, inZone),
    reach: (id: string, status: string) =>
      until(
        () => packs.get(id, inZone),
        (pack) => pack.status === status,
        60,
      ),
    labels: () => labelsIn(token.dir),
    takeAway: () => renameSync(token.dir, `${token.dir}-away`),
    bringBack: () => renameSync(`${token.dir}-away`, token.dir),
  };
}
