import { setTimeout as delay } from 'node:timers/promises';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { environ } from '../../kit/config.ts';
import { Fault } from '../../kit/fault.ts';
import { toName } from '../../pack/hosts.ts';
import type { Piece, Reader } from './found.ts';

const Page = Compile(
  Type.Object({
    success: Type.Boolean(),
    errors: Type.Array(Type.Object({ code: Type.Number(), message: Type.String() })),
    result: Type.Union([Type.Null(), Type.Array(Type.Record(Type.String(), Type.Unknown()))]),
    result_info: Type.Optional(
      Type.Union([Type.Null(), Type.Object({ total_pages: Type.Optional(Type.Number()) })]),
    ),
  }),
);
type Row = Readonly<Record<string, unknown>>;

const [LIMIT_MS, TRIES, MOST_PAGES, LONGEST_WAIT_S] = [60_000, 6, 2_000, 300];

/**
 * The hosts of an account of Cloudflare's API, at its base URL, with the token of CLOUDFLARE_API_TOKEN: of certificate packs, and
 * custom hostnames. Keys are not told by that API, so that these are names alone.
 */
export const readCloudflare: Reader = async function* read(source) {
  const base = source.replace(/\/$/, '');
  for await (const zone of rowsOf(base, '/zones')) {
    const [id, name] = [textIn(zone, 'id'), textIn(zone, 'name')];
    const seen = new Set<string>();
    for (const [path, hosts] of LISTS)
      yield* ofZone(base, {
        path: `/zones/${encodeURIComponent(id)}${path}`,
        where: `${name}${path.split('?')[0]}`,
        hosts,
        seen,
      });
  }
};

const LISTS: readonly (readonly [path: string, hosts: (row: Row) => unknown])[] = [
  ['/ssl/certificate_packs?status=all', (row) => row['hosts']],
  ['/custom_hostnames', (row) => [row['hostname']]],
];

interface HostList {
  readonly path: string;
  readonly where: string;
  readonly hosts: (row: Row) => unknown;
  readonly seen: Set<string>;
}

async function* ofZone(base: string, { path, where, hosts, seen }: HostList): AsyncGenerator<Piece> {
  try {
    for await (const row of rowsOf(base, path)) {
      const listed = hosts(row);
      const texts = (Array.isArray(listed) ? listed : []).filter((one) => typeof one === 'string');
      const key = texts.toSorted().join(' ');
      if (key === '' || seen.has(key)) continue;
      seen.add(key);
      yield pieceOf(texts, where);
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    yield { where, why: error.message };
  }
}

function pieceOf(hosts: readonly string[], where: string): Piece {
  try {
    return { where, hosts: hosts.map((host) => toName(host)) };
  } catch {
    return { where, why: `${JSON.stringify(hosts.join(' ').slice(0, 100))} are no hostnames` };
  }
}

const textIn = (row: Row, field: string): string => {
  const value = row[field];
  return typeof value === 'string' ? value : '';
};

async function* rowsOf(base: string, path: string): AsyncGenerator<Row> {
  for (let page = 1, pages = 1; page <= Math.min(pages, MOST_PAGES); page++) {
    const said = await ask(`${base}${path}${path.includes('?') ? '&' : '?'}page=${page}&per_page=50`);
    yield* said.result ?? [];
    pages = said.result_info?.total_pages ?? 1;
  }
}

async function ask(url: string) {
  const token = environ()['CLOUDFLARE_API_TOKEN'];
  if (!token) throw new Fault('configuration', 'the token of that account is wanted in CLOUDFLARE_API_TOKEN');
  const said: unknown = await (await answerOf(url, token))?.json().catch(() => undefined);
  if (!Page.Check(said))
    throw new Fault('configuration', `${new URL(url).origin} answers no list of Cloudflare's API`);
  if (said.success) return said;
  throw new Fault('configuration', said.errors.map(({ code, message }) => `${message} (${code})`).join('; '));
}

/** What comes back, after some tries where nobody answers or there were too many requests; undefined: nothing does. */
async function answerOf(url: string, token: string): Promise<Response | undefined> {
  for (let n = 1; ; n++) {
    const init = { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(LIMIT_MS) };
    const answer = await fetch(url, init).catch(() => undefined);
    const isPassing = !answer || answer.status === 429 || answer.status >= 500;
    if (!isPassing || n === TRIES) return answer;
    const seconds = Number(answer?.headers.get('retry-after')) || 2 ** n;
    await delay(Math.min(seconds, LONGEST_WAIT_S) * 1_000);
  }
}
