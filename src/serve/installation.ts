/**
 * Which installation a process is of, and which generation: each restore makes another one. What is known of it in the data
 * folder tells a database that was put back to an earlier state; what our name servers tell of it, a copy that lives on.
 */
import { createHash } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Options } from '../kit/config.ts';
import { newHexId } from '../kit/id.ts';
import type { Log } from '../kit/log.ts';
import type { Troubles } from '../kit/troubles.ts';
import { countStart, getGeneration, settleSetting } from '../store/installation-settings.ts';
import type { Pool } from '../store/store.ts';
import { toNameServers } from './addresses.ts';

/** An installation, as a process of it knows it. */
export interface Installation {
  /** Tells its database, and the state of it, from every other. */
  readonly edition: string;
  /** What our name servers tell of it: a hash of its id, and the generation. */
  readonly beacon: string;
}

const Note = Compile(
  Type.Object({ installation: Type.String(), generation: Type.String(), starts: Type.Integer() }),
);

/** Counts the start, compares the database with what the data folder remembers of it, and remembers it anew. */
export async function openInstallation(
  pool: Pool,
  { dir, log }: { readonly dir: string; readonly log: Log },
): Promise<Installation> {
  const installation = await settleSetting(pool, 'installation', newHexId());
  const generation = await getGeneration(pool);
  const starts = await countStart(pool);
  const file = join(dir, 'installation');
  const before = readNote(file);
  if (before && before.installation !== installation)
    log.warn('this data folder was used with the database of another installation');
  else if (before && before.generation === generation && before.starts >= starts)
    log.warn(
      'the database was put back to an earlier state, and not by `certpacks restore`: what was ordered and issued since is ' +
        'not in it. See to it that the database it is a copy of is not used any more (docs/backup.md)',
    );
  writeFileSync(file, JSON.stringify({ installation, generation, starts }), { mode: 0o600 });
  const id = createHash('sha256').update(installation).digest('hex').slice(0, 16);
  return { edition: `${installation} ${generation}`, beacon: `${MARK} ${id} ${generation}` };
}

function readNote(file: string) {
  try {
    const note: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Note.Check(note) ? note : undefined;
  } catch {
    return undefined;
  }
}

const MARK = 'certpacks';
/** Name, below the delegation zone, at which our name servers tell of which installation they are. */
const LABEL = '_installation';

/** Where an installation with a delegation zone tells of itself. */
export const beaconName = (delegationZone: string): string => `${LABEL}.${delegationZone}`;

const LOOK_MS = 60_000;
const PATIENCE_MS = 2_000;

interface TwinDeps {
  readonly options: Pick<Options, 'delegation_zone' | 'name_servers' | 'dns_port'>;
  readonly troubles: Troubles;
  readonly beacon: string;
}

/**
 * Asks our name servers again and again of which generation they are. Another one of the same installation is a copy that
 * lives: it is told, once, by the server's address. Without a delegation zone nobody is asked.
 */
export function watchForTwin(deps: TwinDeps, everyMs = LOOK_MS): { readonly stop: () => void } {
  if (deps.options.delegation_zone === '') return { stop: () => undefined };
  const look = () => void lookForTwin(deps);
  look();
  const timer = setInterval(look, everyMs);
  return { stop: () => clearInterval(timer) };
}

async function lookForTwin({ options, troubles, beacon }: TwinDeps): Promise<void> {
  const addresses = toNameServers(options.name_servers).flatMap((server) => server.addresses);
  const [, own, generation] = beacon.split(' ');
  for (const address of addresses) {
    const [mark, id, other] = await beaconAt(address, options);
    if (mark !== MARK || id !== own) continue;
    const subject = { kind: 'installation', name: address } as const;
    if (other === generation) troubles.over(subject);
    else
      troubles.began(
        subject,
        `generation ${other} of this installation lives there, and this is generation ${generation}: one is a restored copy of ` +
          'the other, and both order certificates. End one of them',
      );
  }
}

/** What a name server tells; nothing where it does not answer. */
async function beaconAt(
  address: string,
  { delegation_zone: zone, dns_port: port }: TwinDeps['options'],
): Promise<string[]> {
  const resolver = new Resolver({ timeout: PATIENCE_MS, tries: 1 });
  try {
    resolver.setServers([isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`]);
    const [first = []] = await resolver.resolveTxt(beaconName(zone));
    return first.join('').split(' ');
  } catch {
    return [];
  }
}
