import { setTimeout as delay } from 'node:timers/promises';
import { showLeaf } from '../edge/handshake.ts';
import { Fault } from '../kit/fault.ts';
import type { Algorithm } from '../pack/pack.ts';
import type { toPackJson } from '../pack/pack-json.ts';
import type { Progress } from './progress.ts';
import type { World } from './world.ts';

type PackReply = ReturnType<typeof toPackJson>;

const ZONE = 'example.test';
const HOSTS = [ZONE, `*.${ZONE}`];
const LIMIT_MS = 60_000;

/**
 * Shows the service at work, through its API alone: a zone, an order, the way to `active`, handshakes with the
 * edge for both algorithms, the list. Throws a Fault with the first thing that did not happen.
 */
export async function demonstrate(world: World, screen: Progress): Promise<void> {
  screen.heading('A zone of type full: this service answers its DNS');
  const zoneId = await zone(world);
  screen.fact('zone', `${ZONE}  ${zoneId}`);

  screen.heading('An order for two hosts, from one CA, as two certificates');
  const packs = `/zones/${zoneId}/ssl/certificate_packs`;
  const body = { type: 'advanced', hosts: HOSTS, certificate_authority: 'google', validation_method: 'txt' };
  const ordered = await call<PackReply>(world, 'POST', `${packs}/order`, { ...body, validity_days: 90 });
  screen.fact('pack', ordered.id);
  screen.fact('hosts', ordered.hosts.join(', '));
  for (const { txt_name, txt_value } of ordered.validation_records)
    screen.fact('TXT', `${txt_name}  ${txt_value}`);
  const active = await watch(world, `${packs}/${ordered.id}`, { ordered, screen });
  await deleteOthers(world, packs, active.id);

  screen.heading('Handshakes with the production edge, one for each algorithm');
  for (const algorithm of ['ecdsa', 'rsa'] as const) await shake(world, algorithm, screen);

  screen.heading('The list, as Cloudflare answers it');
  const list = await answer(world, 'GET', packs);
  if (!list.includes(active.id)) throw new Fault('internal', 'the list does not show the pack');
  screen.text(JSON.stringify(JSON.parse(list), undefined, 2));
  screen.heading('Again, by yourself');
  screen.text(`curl -s -H 'Authorization: Bearer ${world.token}' \\\n  ${world.api}${packs}`);
}

/** The zone of the demonstration, made where it is not there from an earlier start. */
async function zone(world: World): Promise<string> {
  const [found] = await call<{ id: string }[]>(world, 'GET', `/zones?name=${ZONE}`);
  const account = { id: world.accountId };
  const made =
    found ?? (await call<{ id: string }>(world, 'POST', '/zones', { name: ZONE, type: 'full', account }));
  return made.id;
}

/** Packs of earlier starts go: the new one serves their hosts. */
async function deleteOthers(world: World, packs: string, id: string): Promise<void> {
  const served = await call<PackReply[]>(world, 'GET', `${packs}?per_page=50`);
  for (const pack of served) if (pack.id !== id) await call(world, 'DELETE', `${packs}/${pack.id}`);
}

/** Tells each status as it comes, until the pack is active. */
async function watch(
  world: World,
  path: string,
  { ordered, screen }: { readonly ordered: PackReply; readonly screen: Progress },
): Promise<PackReply> {
  const began = performance.now();
  let pack = ordered;
  screen.step(pack.status, 0);
  while (pack.status !== 'active') {
    if (performance.now() - began > LIMIT_MS) throw new Fault('internal', notActive(pack));
    await delay(20);
    const before = pack.status;
    pack = await call<PackReply>(world, 'GET', path);
    if (pack.status !== before) screen.step(pack.status, performance.now() - began);
  }
  return pack;
}

const notActive = ({ status, validation_errors }: PackReply): string =>
  `the pack is still ${status}: ${validation_errors.map(({ message }) => message).join('; ') || 'no reason given'}`;

async function shake({ edges }: World, algorithm: Algorithm, screen: Progress): Promise<void> {
  const edge = { name: 'production', ...edges.production };
  const leaf = await showLeaf(edge, { name: ZONE, algorithm }, AbortSignal.timeout(10_000));
  if (!leaf)
    throw new Fault('edge_wrong_certificate', `the edge shows no ${algorithm} certificate for ${ZONE}`);
  screen.fact(algorithm.toUpperCase(), leaf.protocol);
  screen.fact('  hosts', leaf.hosts.join(', '));
  screen.fact('  issuer', leaf.issuer);
  screen.fact('  ends', leaf.notAfter.toISOString());
  screen.fact('  SHA-256', leaf.fingerprint);
}

async function call<T>(world: World, method: string, path: string, body?: object): Promise<T> {
  const { result }: { result: T } = JSON.parse(await answer(world, method, path, body));
  return result;
}

async function answer(world: World, method: string, path: string, body?: object): Promise<string> {
  const response = await fetch(world.api + path, {
    method,
    headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Fault('internal', `${method} ${path} answered ${response.status}: ${text}`);
  return text;
}
