import type { ShownLeaf } from '../edge/edge.ts';
import { showLeaf } from '../edge/handshake.ts';
import { toColumns } from '../kit/columns.ts';
import { Fault } from '../kit/fault.ts';
import type { Algorithm } from '../pack/pack.ts';
import { call, type PackReply, reach } from './demo-client.ts';
import type { Progress } from './progress.ts';
import type { World } from './world.ts';

const ZONE = 'example.test';
/** What the zone's Universal pack does not cover. */
const ADVANCED = [`shop.${ZONE}`, `*.shop.${ZONE}`];

/** Where the demonstration is: what it shows goes to the screen, and it asks for packs of one zone. */
interface Stage {
  readonly world: World;
  readonly screen: Progress;
  /** Path of the zone's packs. */
  readonly packs: string;
}

/**
 * Shows the service at work, through its API alone: a zone, an order, the way to `active`, handshakes with the edge, the zone's
 * Universal pack and its backup, which change places, the list, whose URL it gives. Throws a Fault with the first thing that did
 * not happen.
 */
export async function demonstrate(world: World, screen: Progress): Promise<string> {
  const zoneId = await zone(world);
  const stage = { world, screen, packs: `/zones/${zoneId}/ssl/certificate_packs` };
  const { id } = await orderOne(stage, zoneId);
  await deleteOthers(stage, id);

  screen.heading('Handshakes with the production edge, one for each algorithm');
  for (const algorithm of ['ecdsa', 'rsa'] as const) await shake(stage, algorithm);

  const pair = await showUniversal(stage);
  await changePlaces(stage, pair);
  await showList(stage, id);
  return `${world.api}${stage.packs}?status=all`;
}

/** The zone of the demonstration, made where it is not there from an earlier start. */
async function zone(world: World): Promise<string> {
  const [found] = await call<{ id: string }[]>(world, 'GET', `/zones?name=${ZONE}`);
  const account = { id: world.accountId };
  const made =
    found ?? (await call<{ id: string }>(world, 'POST', '/zones', { name: ZONE, type: 'full', account }));
  // One from before there was Universal has it off.
  await call(world, 'PATCH', `/zones/${made.id}/ssl/universal/settings`, { enabled: true });
  return made.id;
}

/** Orders a pack, and tells each status as it comes, until it is active. */
async function orderOne({ world, screen, packs }: Stage, zoneId: string): Promise<PackReply> {
  screen.heading('An order for two hosts, from one CA, as two certificates');
  screen.fact('zone', `${ZONE}  ${zoneId}  (type full: this service answers its DNS)`);
  const ordered = await call<PackReply>(world, 'POST', `${packs}/order`, {
    type: 'advanced',
    hosts: ADVANCED,
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
  });
  const began = performance.now();
  screen.fact('pack', `${ordered.id}  ${ordered.hosts.join(', ')}`);
  for (const { txt_name, txt_value } of ordered.validation_records)
    screen.fact('TXT', `${txt_name}  ${txt_value}`);
  return reach(world, `${packs}/${ordered.id}`, ['active'], (status) =>
    screen.step(status, performance.now() - began),
  );
}

/** Packs that earlier starts ordered go: the new one serves their hosts. */
async function deleteOthers({ world, packs }: Stage, id: string): Promise<void> {
  const served = await call<PackReply[]>(world, 'GET', `${packs}?per_page=50`);
  for (const pack of served)
    if (pack.type === 'advanced' && pack.id !== id) await call(world, 'DELETE', `${packs}/${pack.id}`);
}

async function shake({ world, screen }: Stage, algorithm: Algorithm): Promise<void> {
  const leaf = await leafFor(world, `www.shop.${ZONE}`, algorithm);
  const until = leaf.notAfter.toISOString().slice(0, 10);
  screen.fact(algorithm.toUpperCase(), leaf.issuer);
  screen.fact('  SHA-256', `${leaf.fingerprint}  ${leaf.protocol.split(' ')[0]}, until ${until}`);
}

/** What the production edge shows for a name. Throws a Fault where that is nothing. */
async function leafFor({ edges }: World, name: string, algorithm: Algorithm): Promise<ShownLeaf> {
  const edge = { name: 'production', ...edges.production };
  const leaf = await showLeaf(edge, { name, algorithm }, AbortSignal.timeout(10_000));
  if (leaf) return leaf;
  throw new Fault('edge_wrong_certificate', `the edge shows no ${algorithm} certificate for ${name}`);
}

/** A pack and its backup. */
interface Pair {
  readonly pack: PackReply;
  readonly backup: PackReply;
}

/** What the zone got by itself when it became active. */
async function showUniversal(stage: Stage): Promise<Pair> {
  const { world, screen, packs } = stage;
  screen.heading(
    'What the zone ordered by itself: its Universal pack, and a backup of that from a second CA',
  );
  const all = await call<PackReply[]>(world, 'GET', `${packs}?status=all&per_page=50`);
  const found = all.find(
    ({ type, status, backup_of }) => type === 'universal' && !/delet/.test(status) && !backup_of,
  );
  if (!found) throw new Fault('internal', `${ZONE} has no Universal pack`);
  const { backup_pack } = await call<PackReply>(world, 'PATCH', `${packs}/${found.id}`, { backup: true });
  const paths = { pack: `${packs}/${found.id}`, backup: `${packs}/${backup_pack}` };
  // An earlier start may have been ended while the backup served.
  const isSwapped = (await call<PackReply>(world, 'GET', paths.backup)).status === 'active';
  if (isSwapped) await call(world, 'POST', `${paths.pack}/failover`, {});
  const pack = await reach(world, paths.pack, ['active']);
  const backup = await reach(world, paths.backup, ['backup_issued']);
  const rows = [pack, backup].map((one) => [
    one.status,
    one.certificate_authority ?? '',
    one.id,
    one.hosts.join(', '),
  ]);
  const lines = toColumns(rows);
  for (const [i, name] of ['pack', 'backup'].entries()) screen.fact(name, lines[i] ?? '');
  return { pack, backup };
}

/** The backup takes the place of its pack, and gives it back. */
async function changePlaces(stage: Stage, { pack, backup }: Pair): Promise<void> {
  stage.screen.heading(`Failover, there and back: what a handshake for ${ZONE} shows, no CA being asked`);
  const before = await leafFor(stage.world, ZONE, 'ecdsa');
  stage.screen.fact('before', before.issuer);
  const between = await failOver(stage, backup, pack);
  const after = await failOver(stage, pack, backup);
  if (between.fingerprint === before.fingerprint || after.fingerprint !== before.fingerprint)
    throw new Fault(
      'edge_wrong_certificate',
      `the edge did not show the backup for ${ZONE}, and then the pack`,
    );
}

/** Has one of the two take the place of the other, and tells after how long it was served. */
async function failOver({ world, screen, packs }: Stage, up: PackReply, down: PackReply): Promise<ShownLeaf> {
  const began = performance.now();
  await call(world, 'POST', `${packs}/${up.id}/failover`, {});
  await reach(world, `${packs}/${up.id}`, ['active']);
  const ms = performance.now() - began;
  const leaf = await leafFor(world, ZONE, 'ecdsa');
  screen.fact(`${(ms / 1_000).toFixed(2)} s`, leaf.issuer);
  await reach(world, `${packs}/${down.id}`, ['inactive', 'backup_issued']);
  return leaf;
}

/** The list of all that the zone has, as a table, and one pack as it is on the wire. */
async function showList({ world, screen, packs }: Stage, id: string): Promise<void> {
  screen.heading('The list, with ?status=all');
  const all = await call<PackReply[]>(world, 'GET', `${packs}?status=all&per_page=50`);
  const shown = all.find((pack) => pack.id === id);
  if (!shown) throw new Fault('internal', 'the list does not show the pack');
  const rows = all.map((pack) => [
    pack.type,
    pack.status,
    pack.certificate_authority ?? '',
    pack.certificates[0]?.expires_on.slice(0, 10) ?? '',
    pack.hosts.join(', '),
  ]);
  for (const line of toColumns([['TYPE', 'STATUS', 'CA', 'ENDS', 'HOSTS'], ...rows])) screen.text(line);

  screen.heading('One of them, as Cloudflare answers it');
  for (const line of toLines(shown)) screen.text(line);
}

/** Columns of a usual screen, less the indent. */
const WIDTH = 108;

/** JSON of an object, several fields a line where they fit; of one that does not, the beginning. */
function toLines(value: object): string[] {
  const fields = Object.entries(value).map(([name, one]) => `"${name}": ${JSON.stringify(one)}`);
  const lines: string[] = [];
  let line = '{';
  for (const [i, field] of fields.entries()) {
    const next = `${field}${i < fields.length - 1 ? ',' : ' }'}`;
    if (line.length + next.length >= WIDTH && line.length > 1) {
      lines.push(cut(line));
      line = ' ';
    }
    line += ` ${next}`;
  }
  return [...lines, cut(line)];
}

const cut = (line: string): string => (line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line);
