/** What the commands of `certpacks key` do. */
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { type Kek, Seal } from '../kit/seal.ts';
import { giveUpAgents } from '../operation/give-up-agents.ts';
import { giveUpAlertSecrets } from '../operation/give-up-alert-secrets.ts';
import { recoverFromLostKey } from '../operation/recover-from-lost-key.ts';
import { rewrapKeys } from '../operation/rewrap-keys.ts';
import { openDatabase } from '../serve/database.ts';
import { type KekPlace, kekPlaceOf, newKek, readKeks, writeKeks } from '../serve/kek.ts';
import { putSetting } from '../store/installation-settings.ts';
import { countSealed } from '../store/sealed.ts';
import type { Pool } from '../store/store.ts';
import { printLine, tellLine } from './print.ts';
import { placeFor, readSetting } from './process.ts';

interface Wishes {
  readonly yes?: boolean;
}

interface Ground {
  readonly pool: Pool;
  readonly place: KekPlace;
  readonly delegationZone: string;
  readonly brandingDomain: string;
}

const say = printLine;

async function withKeys(work: (ground: Ground) => Promise<void>): Promise<void> {
  const { config, log } = readSetting(true);
  const dir = placeFor(config, undefined, false);
  const database = await openDatabase(config.options, dir, log);
  try {
    const { delegation_zone: delegationZone, branding_domain: brandingDomain } = config.options;
    const place = kekPlaceOf(config.options, dir);
    await work({ pool: database.pool, place, delegationZone, brandingDomain });
  } finally {
    await database.stop();
  }
}

async function list({ pool, place }: Ground): Promise<void> {
  const keks = readKeks(place);
  const counts = await countSealed(pool);
  for (const [i, { id }] of keks.entries())
    say(`${id}  ${String(counts.get(id) ?? 0).padStart(9)} sealed  ${i === 0 ? 'seals' : 'opens only'}`);
  for (const [id, n] of counts)
    if (!keks.some((kek) => kek.id === id))
      say(`${id}  ${String(n).padStart(9)} sealed  MISSING: cannot be opened`);
}

async function add({ place }: Ground): Promise<void> {
  const keks = readKeks(place);
  const fresh = newKek();
  write(place, [...keks, fresh]);
  say(
    `${fresh.id} was added to ${place.file}; copy that file to every machine of the service, then \`certpacks key rotate\``,
  );
}

async function rotate({ pool, place }: Ground): Promise<void> {
  const keks = readKeks(place);
  const last = keks.at(-1);
  const newest = keks.length > 1 && last ? last : newKek();
  const ordered = place.kek === '' ? [newest, ...keks.filter(({ id }) => id !== newest.id)] : keks;
  if (place.kek === '') write(place, ordered);
  else if (keks.length < 2)
    throw new Fault('configuration', 'the option kek must name the new key before the old one, with a comma');
  const seal = new Seal(() => ordered);
  // From now on a service starts only where it knows the new key; those that run read the file again within a second.
  await putSetting(pool, 'kek', seal.id);
  await waitForReaders();
  const done = await rewrapKeys(pool, seal, (n) => tellLine(`${n} wrapped`));
  say(
    `${seal.id} seals; ${done} wrapped anew. \`certpacks key prune\` removes keys that are no longer needed`,
  );
}

/** Longer than a running service uses what it read. */
const waitForReaders = () => new Promise((resolve) => setTimeout(resolve, 2_000));

async function prune({ pool, place }: Ground): Promise<void> {
  const keks = readKeks(place);
  const counts = await countSealed(pool);
  const kept = keks.filter(({ id }, i) => i === 0 || (counts.get(id) ?? 0) > 0);
  for (const { id } of keks) {
    const n = counts.get(id) ?? 0;
    if (!kept.some((kek) => kek.id === id)) say(`${id} was removed`);
    else if (id !== keks[0]?.id)
      say(`${id} is kept: ${n} are sealed with it; \`certpacks key rotate\` first`);
  }
  if (kept.length < keks.length) write(place, kept);
}

async function abandon(
  { pool, place, delegationZone, brandingDomain }: Ground,
  { yes }: Wishes,
): Promise<void> {
  const counts = await countSealed(pool);
  const keks = present(place);
  const lost = [...counts].filter(([id]) => !keks.some((kek) => kek.id === id));
  if (lost.length === 0) return say('nothing is lost: everything can be opened');
  const sum = lost.reduce((total, [, n]) => total + n, 0);
  if (!yes) {
    say(
      `${sum} private keys, accounts and secrets are sealed with ${lost.map(([id]) => id).join(', ')}, which is not in ${place.file}.`,
    );
    say('With --yes they are given up for good, and their certificates are ordered anew.');
    return;
  }
  const known = keks.length > 0 ? keks : [newKek()];
  if (keks.length === 0) write(place, known);
  await putSetting(pool, 'kek', known[0]?.id ?? '');
  const clock = systemClock();
  const deps = { pool, clock, json: { delegationZone }, brandingDomain };
  const ids = known.map(({ id }) => id);
  const packs = await recoverFromLostKey(deps, ids);
  const told = await giveUpAlertSecrets({ pool, clock, seal: new Seal(() => known) }, ids);
  say(
    `${sum} private keys, accounts and secrets were given up; ${packs} packs are ordered anew as soon as the service runs`,
  );
  const edges = await giveUpAgents(pool, ids);
  if (edges > 0)
    say(`${edges} edges lost their CA: start the service again, and enrol each with a new token`);
  if (told > 0)
    say(
      `${told} webhooks and services of PagerDuty lost their secrets: their owners give them anew, and roll the signing keys`,
    );
}

/** The keys that there are; none where the file is gone. */
function present(place: KekPlace): readonly Kek[] {
  try {
    return readKeks(place);
  } catch {
    return [];
  }
}

function write(place: KekPlace, keks: readonly Kek[]): void {
  if (place.kek !== '')
    throw new Fault(
      'configuration',
      'the key is in the option kek, where this command cannot write: name the new key there, before the old one, with a comma',
    );
  writeKeks(place.file, keks);
}

/** What is done by a command of `certpacks key`. */
export type KeyAction = 'list' | 'add' | 'rotate' | 'prune' | 'abandon';

/** The actions of `certpacks key`. All throw `configuration` where the key file or the database is not as it is to be. */
export const KEY_ACTIONS: Readonly<Record<KeyAction, (wishes: Wishes) => Promise<void>>> = {
  list: () => withKeys(list),
  add: () => withKeys(add),
  rotate: () => withKeys(rotate),
  prune: () => withKeys(prune),
  abandon: (wishes) => withKeys((ground) => abandon(ground, wishes)),
};
