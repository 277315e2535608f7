/** For tests of drivers: packs as they are given them, and what is to be seen of them at an edge. */
import { createHash } from 'node:crypto';
import type { HeldPack, PlacedPack } from '../../../src/edge/driver.ts';
import { newUuid } from '../../../src/kit/id.ts';
import { ALGORITHMS, type Algorithm } from '../../../src/pack/pack.ts';
import { givenPack } from './given-service.ts';

/** A pack for hosts, with fresh leaves of both algorithms; with an id, another version of that pack. */
export async function givenPlaced(hosts: readonly string[], packId = newUuid()): Promise<PlacedPack> {
  const { certificates } = await givenPack(hosts);
  return { packId, names: hosts, certificates };
}

/** Lower-case hexadecimal SHA-256 of a pack's leaves, as `inventory` tells them. */
const leavesIn = (pack: PlacedPack): HeldPack['leaves'] =>
  Object.fromEntries(
    ALGORITHMS.flatMap((algorithm) =>
      pack.certificates[algorithm] ? [[algorithm, leafIn(pack, algorithm)]] : [],
    ),
  );

/** Lower-case hexadecimal SHA-256 of the leaf of an algorithm; '' where there is none. */
export function leafIn({ certificates }: PlacedPack, algorithm: Algorithm): string {
  const [, base64] =
    /-----BEGIN CERTIFICATE-----([^-]+)-----/.exec(certificates[algorithm]?.chain ?? '') ?? [];
  return base64 === undefined ? '' : createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');
}

/** A pack as an edge is to say that it has it: with its names in order. */
export const heldOf = (pack: PlacedPack): HeldPack => ({
  packId: pack.packId,
  names: pack.names.toSorted(),
  leaves: leavesIn(pack),
});

/** Resolves once `holds`; fails after 5 s, unless told. */
export async function until(holds: () => boolean | Promise<boolean>, seconds = 5): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
