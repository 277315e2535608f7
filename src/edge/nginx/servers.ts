import type { Algorithm } from '../../pack/pack.ts';
import type { NotedPack } from '../placed/noted-pack.ts';
import { stemOf } from '../placed/placed-files.ts';

/** What each server block has besides its names and certificates. */
export interface ServerTerms {
  readonly folder: string;
  /** Parameters of `listen`, one directive each. */
  readonly listen: readonly string[];
  /** A file of the operator's with more directives. */
  readonly include: string | undefined;
}

/** How files of an algorithm end. */
export const ENDS: Readonly<Record<Algorithm, string>> = { ecdsa: '.ecdsa.pem', rsa: '.rsa.pem' };

/** Packs with the names that they serve: one that more than one has is served by the pack that was put last. */
export function served(packs: readonly NotedPack[]): NotedPack[] {
  const taken = new Set<string>();
  return packs
    .toReversed()
    .map((pack) => {
      const names = pack.names.filter((name) => !taken.has(name));
      for (const name of names) taken.add(name);
      return { ...pack, names };
    })
    .toReversed();
}

/** One server block a pack. Names, ids and paths are checked: nothing in them means anything to nginx. */
export function serversText(packs: readonly NotedPack[], terms: ServerTerms): string {
  const blocks = served(packs)
    .filter(({ names }) => names.length > 0)
    .map((pack) => serverText(pack, terms));
  return `# Written by certpacks; changes are lost.\n${blocks.join('')}`;
}

function serverText(pack: NotedPack, { folder, listen, include }: ServerTerms): string {
  const lines = [
    ...listen.map((parameters) => `listen ${parameters}`),
    `server_name ${pack.names.join(' ')}`,
    ...filesOf(pack, folder).flatMap((file) => [`ssl_certificate ${file}`, `ssl_certificate_key ${file}`]),
    ...(include === undefined ? [] : [`include ${include}`]),
  ];
  return `\nserver {\n${lines.map((line) => `  ${line};\n`).join('')}}\n`;
}

function filesOf(pack: NotedPack, folder: string): string[] {
  const algorithms = (['ecdsa', 'rsa'] as const).filter((algorithm) => pack.leaves[algorithm] !== undefined);
  return algorithms.map((algorithm) => `${folder}/packs/${stemOf(pack)}${ENDS[algorithm]}`);
}
