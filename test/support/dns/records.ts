/** DNS records made through the API by Cloudflare's own client, and our responder on the same database. */
import assert from 'node:assert/strict';
import type Cloudflare from 'cloudflare';
import { APIError } from 'cloudflare';
import type { RecordResponse } from 'cloudflare/resources/dns/records';
import { buildApi } from '../../../src/api/api.ts';
import { startResponder } from '../../../src/dns/server/responder.ts';
import { NO_QUOTAS, type Quotas } from '../../../src/operation/quotas.ts';
import { responderSource } from '../../../src/serve/sources.ts';
import { createToken } from '../../../src/store/tokens.ts';
import { startApi, type TestApi } from '../api.ts';
import { newClient } from '../client.ts';
import { givenZone } from '../job-deps.ts';
import { askTcp, HOST, log, query, send, told } from './responder.ts';

export const PUBLIC = ['192.0.2.80', '2001:db8::80'];
const NAME_SERVERS = [{ name: 'ns1.certpacks.example', addresses: ['192.0.2.53'] }];

/** A zone of an account of its own, and who asks for it. */
export interface RecordScene {
  readonly zoneId: string;
  readonly zone: string;
  readonly accountId: string;
  readonly client: Cloudflare;
  /** Makes a record of whatever body, past the client's types. */
  make(body: object): Promise<RecordResponse>;
  /** The same of several, in one batch. */
  makeAll(bodies: readonly object[]): Promise<unknown>;
  readonly url: string;
  readonly token: string;
}

export interface RecordWorld {
  readonly api: TestApi;
  /** Where our responder listens. */
  readonly dns: { readonly host: string; readonly port: number };
  /** A new zone, `full` unless told. */
  scene(name: string, type?: 'full' | 'partial'): Promise<RecordScene>;
  /** What our responder answers over UDP, and over TCP. */
  dig(name: string, type: Parameters<typeof query>[1]): Promise<ReturnType<typeof told>>;
  digTcp(name: string, type: Parameters<typeof query>[1]): Promise<ReturnType<typeof told>>;
}

/** What the API of a test is told. */
export interface RecordOptions {
  readonly publicAddresses?: readonly string[];
  readonly quotas?: Partial<Quotas>;
  /** The operator's name servers. */
  readonly nameServers?: readonly string[];
}

/** Starts all of it. */
export async function startRecords(
  ends: AsyncDisposableStack,
  { publicAddresses = PUBLIC, quotas = {}, nameServers = [] }: RecordOptions = {},
): Promise<RecordWorld> {
  const api = await startApi(ends);
  const app = await buildApi({
    ...api.deps,
    publicAddresses,
    quotas: { ...NO_QUOTAS, ...quotas },
    zonePolicy: { ...api.deps.zonePolicy, nameServers },
  });
  ends.defer(() => app.close());
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/client/v4`;
  const { pool, clock } = api.jobs;
  const source = responderSource(pool, ['dcv.certpacks.example', ''], 'beacon');
  const listen = [{ host: HOST, port: 0 }];
  const responder = await startResponder({ listen, source, nameServers: NAME_SERVERS, publicAddresses, log });
  ends.defer(() => responder.close());
  const port = responder.addresses[0]?.port ?? 0;
  return {
    api,
    dns: { host: HOST, port },
    scene: async (name, type = 'full') => {
      const { id: zoneId, accountId } = await givenZone(api.jobs, name, type);
      const terms = { accountId, name: 'records', access: 'write' } as const;
      const token = await createToken(pool, terms, clock.now());
      const client = newClient({ apiToken: token, baseURL: url });
      const path = `/zones/${zoneId}/dns_records`;
      const make = async (body: object) =>
        (await client.post<{ result: RecordResponse }>(path, { body })).result;
      const makeAll = (posts: readonly object[]) => client.post(`${path}/batch`, { body: { posts } });
      return { zoneId, zone: name, accountId, client, make, makeAll, url, token };
    },
    dig: async (name, type) => told(await send(query(name, type), port)),
    digTcp: async (name, type) => told((await askTcp([query(name, type)], port))[0]),
  };
}

/** The answers of a reply, as `TYPE data` each. */
export const answersOf = ({ answers = [] }: ReturnType<typeof told>): string[] =>
  answers.map((one) => `${one.type} ${'data' in one ? dataOf(one.data) : ''}`);

const dataOf = (data: unknown): string => {
  if (Array.isArray(data)) return data.map((one) => JSON.stringify(String(one))).join(' ');
  return typeof data === 'string' ? data : JSON.stringify(data);
};

/** Holds that a request is refused so. */
export async function assertRefused(
  asked: Promise<unknown>,
  expected: {
    readonly status?: number;
    readonly code: number;
    readonly pointer?: string;
    readonly words?: RegExp;
  },
): Promise<void> {
  await assert.rejects(asked, (error: unknown) => {
    assert(error instanceof APIError, String(error));
    const [first]: { code: number; message: string; source?: { pointer: string } }[] = JSON.parse(
      JSON.stringify(error.errors),
    );
    const { status = 400, code, pointer = first?.source?.pointer, words = /./ } = expected;
    const { message = '', source } = first ?? {};
    assert.deepEqual([error.status, first?.code, source?.pointer], [status, code, pointer], message);
    assert.match(message, words);
    return true;
  });
}
