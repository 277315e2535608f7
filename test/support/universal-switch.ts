import { days } from '../../src/kit/time.ts';
import { leavesOf, median, shownBy, startClients } from './handshakes.ts';
import { startTestService, type TestService } from './service.ts';
import { until } from './world.ts';

/** How often Universal goes off and on again, on how many edges, and how many clients shake hands all the while. */
export interface SwitchNumbers {
  readonly switches: number;
  readonly edges: number;
  readonly clients: number;
}

/** What clients saw. All from `strange` to `missing` are to be 0. */
export interface SwitchResult {
  readonly switches: number;
  /** How often the pack was renewed between. */
  readonly renewals: number;
  readonly handshakes: number;
  /** Handshakes that showed a certificate. */
  readonly served: number;
  /** Handshakes that showed a certificate which is not the pack's: its backup's, another zone's. */
  readonly strange: number;
  /** Handshakes that showed one which the pack had before the present one. */
  readonly older: number;
  /** Handshakes that showed one although Universal was off, and the pack `inactive`, when they began. */
  readonly late: number;
  /** Handshakes that showed none although Universal was on, and the pack `active`, when they began. */
  readonly missing: number;
  /** Milliseconds from the call until the pack is `inactive`, and `active`. */
  readonly off_ms_median: number;
  readonly on_ms_median: number;
}

/** One handshake: what it showed, and how things were all the while. */
interface Shown {
  readonly leaf: string | undefined;
  readonly phase: Phase;
  /** The pack had been renewed so often when it began. */
  readonly renewals: number;
}

/** On or off for certain, or between the two. */
type Phase = 'on' | 'off' | 'between';

const ZONE = 'switch.test';
const HOSTS = [ZONE, `www.${ZONE}`];
/** Each so many switches the pack is renewed. */
const RENEWED = 5;

/** Has Universal go off and on again and again under handshakes for the apex and a name below. */
export async function switchBench(
  { switches, edges, clients }: SwitchNumbers,
  say: (what: string) => void,
): Promise<SwitchResult> {
  await using ends = new AsyncDisposableStack();
  const edgeNames = Array.from({ length: edges }, (_, i) => `edge-${i + 1}`);
  const options = { universal: true };
  const scene = await givenUniversal(await startTestService(ends, { edgeNames, options }));
  say(`the zone has its pack; ${clients} clients shake hands with ${edges} edges all the while`);
  const seen: Shown[] = [];
  const state: { phase: Phase; changes: number } = { phase: 'on', changes: 0 };
  const load = startClients({ ...scene, hosts: HOSTS, clients }, () => {
    const [{ phase, changes }, renewals] = [{ ...state }, scene.generations.length - 1];
    return (leaf) => seen.push({ leaf, phase: changes === state.changes ? phase : 'between', renewals });
  });
  const enter = (phase: Phase) => Object.assign(state, { phase, changes: state.changes + 1 });
  const [off, on]: [number[], number[]] = [[], []];
  for (let i = 1; i <= switches; i++) {
    enter('between');
    off.push(await switchTo(scene, false));
    enter('off');
    await enough(seen, clients);
    enter('between');
    on.push(await switchTo(scene, true));
    enter('on');
    await enough(seen, clients);
    if (i % RENEWED === 0) await renew(scene);
    if (i % RENEWED === 0) say(`${i} of ${switches}`);
  }
  await load.stop();
  return {
    switches,
    renewals: scene.generations.length - 1,
    ...judge(seen, scene.generations),
    off_ms_median: median(off),
    on_ms_median: median(on),
  };
}

/** A zone whose Universal pack is active and has a backup, beside another one. */
interface Scene extends TestService {
  readonly zoneId: string;
  readonly packId: string;
  /** Leaves of the pack: those that it had first, and those of each renewal. */
  readonly generations: (readonly string[])[];
}

async function givenUniversal(service: TestService): Promise<Scene> {
  const { client, accountId } = service;
  const make = async (name: string) => {
    const { id } = await client.zones.create({ account: { id: accountId }, name, type: 'full' });
    const packs = await until(
      async () => (await client.ssl.certificatePacks.list({ zone_id: id, status: 'all' })).result,
      (all) => all.map(({ status }) => status).join() === 'active,backup_issued',
      60,
    );
    return { zoneId: id, packId: packs[0]?.id ?? '' };
  };
  await make('beside.test');
  const made = await make(ZONE);
  return { ...service, ...made, generations: [await leaves(service, made.packId)] };
}

async function leaves(service: TestService, id: string): Promise<string[]> {
  const { ecdsa = '', rsa = '' } = (await leavesOf(service, [id])).get(id) ?? {};
  return [ecdsa, rsa];
}

const packOf = ({ client, zoneId, packId }: Scene) =>
  client.ssl.certificatePacks.get(packId, { zone_id: zoneId });

/** Switches, and waits until it is so; milliseconds that it took. */
async function switchTo(scene: Scene, isOn: boolean): Promise<number> {
  const began = performance.now();
  await scene.client.ssl.universal.settings.edit({ zone_id: scene.zoneId, enabled: isOn });
  await until(
    () => packOf(scene),
    ({ status }) => status === (isOn ? 'active' : 'inactive'),
    60,
  );
  return performance.now() - began;
}

/** Until each client ended some more handshakes. */
async function enough(seen: readonly Shown[], clients: number): Promise<void> {
  const had = seen.length;
  await until(
    async () => seen.length,
    (has) => has >= had + 4 * clients,
    60,
  );
}

/** Lets the pack grow old, until every edge shows what it was renewed with. */
async function renew(scene: Scene): Promise<void> {
  const { primary_certificate: before } = await packOf(scene);
  await scene.advance(days(61));
  await until(
    () => packOf(scene),
    ({ status, primary_certificate: now }) => status === 'active' && now !== before,
    60,
  );
  const renewed = await leaves(scene, scene.packId);
  for (const edge of scene.edges)
    await until(
      () => shownBy(edge, ZONE, 'ecdsa'),
      (leaf) => leaf === renewed[0],
    );
  scene.generations.push(renewed);
}

function judge(seen: readonly Shown[], generations: readonly (readonly string[])[]) {
  const count = (is: (one: Shown) => boolean) => seen.filter(is).length;
  const of = ({ leaf }: Shown) => generations.findIndex((all) => leaf !== undefined && all.includes(leaf));
  return {
    handshakes: seen.length,
    served: count(({ leaf }) => leaf !== undefined),
    strange: count((one) => one.leaf !== undefined && of(one) < 0),
    older: count((one) => of(one) >= 0 && of(one) < one.renewals),
    late: count(({ leaf, phase }) => leaf !== undefined && phase === 'off'),
    missing: count(({ leaf, phase }) => leaf === undefined && phase === 'on'),
  };
}
