/**
 * A DNS provider that speaks Domain Connect, as the specification has it: it has the templates of service providers, checks the
 * signature of a link with the public key in DNS, and applies the records to its zone. Whoever opens a link there has consented.
 */
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { connectTemplate } from '../../src/pack/domain-connect.ts';
import { make, makeCa, pemOf } from './pki.ts';

type Template = ReturnType<typeof connectTemplate>;

/** What the provider asks of the world, and does in it. */
export interface ProviderWorld {
  /** Values of the TXT records at a name, of whatever zone. */
  readonly txt: (name: string) => Promise<readonly string[]>;
  /** Sets all records of a name and type in a zone of the provider's. */
  readonly put: (name: string, type: string, values: readonly string[]) => Promise<void>;
}

export interface SimulatedProvider {
  /** What stands at `_domainconnect` of its zones. */
  readonly prefix: string;
  /** PEM of the root that its certificate is from. */
  readonly rootPem: string;
  readonly templates: Template[];
  /** Zones whose DNS it keeps. */
  readonly zones: string[];
  /** Paths that it was asked for. */
  readonly asked: string[];
  /** A person opens a link: HTTP status, and in words what happened. */
  readonly open: (url: string, world: ProviderWorld) => Promise<{ status: number; says: string }>;
}

const HOST = 'dc.localhost';

/** Starts one on loopback. */
export async function startProvider(ends: AsyncDisposableStack): Promise<SimulatedProvider> {
  const { root, intermediate } = await makeCa(new Date());
  const leaf = await make(new Date(), { by: intermediate, hosts: [HOST] });
  const state = { templates: [] as Template[], zones: [] as string[], asked: [] as string[] };
  let port = 0;
  const server = createServer(
    { cert: leaf.pem + intermediate.pem, key: pemOf(leaf) },
    (request, response) => {
      const path = request.url ?? '';
      state.asked.push(path);
      const found = answerTo(path, state, `https://${HOST}:${port}`);
      response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(found ?? {}));
    },
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server on a port has one
  ({ port } = server.address() as AddressInfo);
  ends.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const sets = new Map<string, readonly string[]>();
  return {
    ...state,
    prefix: `${HOST}:${port}`,
    rootPem: root.pem,
    open: (url, world) => apply(state, new URL(url), { ...world, sets }),
  };
}

interface State {
  readonly templates: readonly Template[];
  readonly zones: readonly string[];
}

function answerTo(path: string, { templates, zones }: State, base: string): object | undefined {
  const [, zone] = /^\/v2\/([^/]+)\/settings$/.exec(path) ?? [];
  if (zone !== undefined)
    return zones.includes(decodeURIComponent(zone))
      ? {
          providerId: 'dns.example',
          providerName: 'Simulated DNS',
          urlSyncUX: base,
          urlAPI: `${base}/api`,
          width: 600,
          height: 700,
          urlControlPanel: `${base}/panel/%domain%`,
        }
      : undefined;
  const [, provider, service] =
    /^\/api\/v2\/domainTemplates\/providers\/([^/]+)\/services\/([^/]+)$/.exec(path) ?? [];
  return templates.find(({ providerId, serviceId }) => providerId === provider && serviceId === service);
}

type Applying = ProviderWorld & { readonly sets: Map<string, readonly string[]> };

async function apply({ templates, zones }: State, url: URL, world: Applying) {
  const [, provider, service] =
    /^\/v2\/domainTemplates\/providers\/([^/]+)\/services\/([^/]+)\/apply$/.exec(url.pathname) ?? [];
  const template = templates.find((one) => one.providerId === provider && one.serviceId === service);
  if (!template) return { status: 404, says: 'no such template' };
  const [domain, host] = [textIn(url, 'domain'), textIn(url, 'host')];
  if (!zones.includes(domain)) return { status: 400, says: `${domain} is no zone here` };
  if (template.hostRequired && host === '') return { status: 400, says: 'the template wants a host' };
  if (!(await isSigned(template, url.search.slice(1), world)))
    return { status: 401, says: 'the signature is wrong' };
  return applyRecords(template, url, { at: host === '' ? domain : `${host}.${domain}`, world });
}

const textIn = (url: URL, name: string): string => url.searchParams.get(name) ?? '';

async function applyRecords(
  template: Template,
  url: URL,
  { at, world }: { readonly at: string; readonly world: Applying },
) {
  const groups = textIn(url, 'groupId').split(',');
  for (const record of template.records.filter(({ groupId }) => groups.includes(groupId))) {
    const text = 'data' in record ? record.data : record.pointsTo;
    const value = text.replaceAll(/%(\w+)%/g, (_, name: string) => textIn(url, name));
    if (value === '') return { status: 400, says: `a value is missing for ${record.groupId}` };
    await add(record.host === '@' ? at : `${record.host}.${at}`, record.type, value, world);
  }
  return { status: 200, says: 'applied' };
}

/** TXT records are added to those that are there; a CNAME takes the place of one. */
async function add(name: string, type: string, value: string, { sets, put }: Applying): Promise<void> {
  const key = `${type} ${name}`;
  const values = type === 'TXT' ? [...new Set([...(sets.get(key) ?? []), value])] : [value];
  sets.set(key, values);
  await put(name, type, values);
}

/** Everything behind the question mark is signed, but `sig` and `key`. */
async function isSigned({ syncPubKeyDomain }: Template, query: string, { txt }: Applying): Promise<boolean> {
  const parts = query.split('&');
  const valueOf = (name: string) =>
    decodeURIComponent(parts.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? '');
  const signed = parts.filter((one) => !/^(?:sig|key)=/.test(one)).join('&');
  const records = (await txt(`${valueOf('key')}.${syncPubKeyDomain}`)).map(
    (one) => new Map(one.split(',').map((field): [string, string] => [field[0] ?? '', field.slice(2)])),
  );
  const data = records
    .toSorted((a, b) => Number(a.get('p')) - Number(b.get('p')))
    .map((one) => one.get('d') ?? '')
    .join('');
  if (data === '') return false;
  const key = createPublicKey({ key: Buffer.from(data, 'base64'), format: 'der', type: 'spki' });
  return verify('sha256', Buffer.from(signed), key, Buffer.from(valueOf('sig'), 'base64'));
}
