/** What each refusal of the ssl family is: status, code, pointer, and a page that says what it means. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { buildApi } from '../../src/api/api.ts';
import { documentedRows } from '../../src/ca/configuration.ts';
import { FAULT_NAMES, FAULTS, type FaultName } from '../../src/kit/fault.ts';
import { NO_QUOTAS } from '../../src/operation/quotas.ts';
import { startApi, type TestAccount, type TestApi, tokenFor } from '../support/api.ts';
import { givenPack } from '../support/job-deps.ts';
import { givenOwner } from '../support/tokens.ts';

const ends = new AsyncDisposableStack();
let api: TestApi;
let account: TestAccount;
/** Roots of APIs: without quotas, and with one pack to a zone. */
let [plain, tight] = ['', ''];
/** A read-only token; packs that were just ordered, are active, and are deleted. */
let reader = '';
const packs: Record<'NEW' | 'DELETED', string> = { NEW: '', DELETED: '' };
before(async () => {
  api = await startApi(ends);
  account = await givenOwner(api, ['errors.test']);
  reader = await tokenFor(api.jobs, { accountId: account.id });
  const [zone = assert.fail()] = account.zones;
  packs.NEW = await givenPack(api.jobs, zone);
  packs.DELETED = await givenPack(api.jobs, zone, { status: 'deleted' });
  plain = await listen({ ...NO_QUOTAS });
  tight = await listen({ ...NO_QUOTAS, zonePacks: 1 });
});
after(() => ends.disposeAsync());

async function listen(quotas: typeof NO_QUOTAS): Promise<string> {
  const rows = new Map([['lets_encrypt', documentedRows.lets_encrypt]] as const);
  const app = await buildApi({ ...api.deps, rows, quotas, brandingDomain: '' });
  ends.defer(() => app.close());
  return app.listen({ host: '127.0.0.1', port: 0 });
}

const NOBODY = '00000000-0000-4000-8000-000000000000';
const ORDER = {
  type: 'advanced',
  hosts: ['errors.test'],
  certificate_authority: 'lets_encrypt',
  validation_method: 'txt',
  validity_days: 90,
};

interface Case {
  readonly call: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: 'reader' | 'none';
  readonly isTight?: boolean;
  readonly fault: FaultName;
  /** Undefined: none. */
  readonly pointer?: string;
}

const PACKS = '/zones/ZONE/ssl/certificate_packs';
const VERIFICATION = '/zones/ZONE/ssl/verification';
const order = (change: object): Pick<Case, 'call' | 'body'> => ({
  call: `POST ${PACKS}/order`,
  body: { ...ORDER, ...change },
});

// biome-ignore format: a table is read by column
const CASES: readonly Case[] = [
  { ...order({ hosts: [] }), fault: 'invalid_host', pointer: '/hosts' },
  { ...order({ hosts: ['errors.test', 'x.example'] }), fault: 'invalid_host', pointer: '/hosts/1' },
  { ...order({ hosts: ['errors.test', 'ERRORS.test'] }), fault: 'invalid_host', pointer: '/hosts/1' },
  { ...order({ hosts: Array.from({ length: 51 }, (_, i) => `h${i}.errors.test`) }), fault: 'invalid_host', pointer: '/hosts' },
  { ...order({ type: 'universal' }), fault: 'type_not_orderable', pointer: '/type' },
  { ...order({ certificate_authority: 'google' }), fault: 'ca_not_configured', pointer: '/certificate_authority' },
  { ...order({ certificate_authority: 'digicert' }), fault: 'malformed_request', pointer: '/certificate_authority' },
  { ...order({ validation_method: 'email' }), fault: 'method_not_offered', pointer: '/validation_method' },
  { ...order({ validation_method: 'http', hosts: ['*.errors.test'] }), fault: 'method_not_offered', pointer: '/validation_method' },
  { ...order({ validity_days: 14 }), fault: 'validity_not_offered', pointer: '/validity_days' },
  { ...order({ validity_days: 15 }), fault: 'malformed_request', pointer: '/validity_days' },
  { ...order({ validity_days: undefined }), fault: 'malformed_request', pointer: '/validity_days' },
  { ...order({ cloudflare_branding: true }), fault: 'branding_not_configured', pointer: '/cloudflare_branding' },
  { ...order({ deploy: 'both' }), fault: 'malformed_request', pointer: '/deploy' },
  { ...order({ backup: true }), fault: 'ca_not_configured', pointer: '/backup' },
  { ...order({}), headers: { 'idempotency-key': 'x'.repeat(300) }, fault: 'malformed_request', pointer: '/Idempotency-Key' },
  { ...order({}), isTight: true, fault: 'quota_reached' },
  { ...order({}), token: 'reader', fault: 'missing_permission' },
  { ...order({}), token: 'none', fault: 'not_authenticated' },
  { call: `POST ${PACKS}/order`, body: '{', fault: 'body_not_json', pointer: '' },
  { call: `POST ${PACKS}/order`, body: '[]', fault: 'malformed_request', pointer: '' },
  { call: `POST ${PACKS}/order`, body: 'x', headers: { 'content-type': 'text/plain' }, fault: 'media_type_not_accepted' },
  { call: `POST /zones/${'0'.repeat(32)}/ssl/certificate_packs/order`, body: ORDER, fault: 'zone_not_found' },
  { call: 'GET /zones/zone/ssl/certificate_packs', fault: 'invalid_object_id', pointer: '/zone_id' },
  { call: `GET /zones/${'a'.repeat(3000)}/ssl/certificate_packs`, fault: 'invalid_object_id', pointer: '/zone_id' },
  { call: `GET ${PACKS}/${'a'.repeat(3000)}`, fault: 'invalid_object_id', pointer: '/certificate_pack_id' },
  { call: `GET ${PACKS}?per_page=0`, fault: 'malformed_request', pointer: '/per_page' },
  { call: `GET ${PACKS}?status=none`, fault: 'malformed_request', pointer: '/status' },
  { call: `GET ${PACKS}?deploy=none`, fault: 'malformed_request', pointer: '/deploy' },
  { call: `GET ${PACKS}/${NOBODY}`, fault: 'pack_not_found' },
  { call: `GET ${PACKS}/no-id`, fault: 'invalid_object_id', pointer: '/certificate_pack_id' },
  { call: `PUT ${PACKS}/${NOBODY}`, fault: 'no_such_route' },
  { call: `PATCH ${PACKS}/${NOBODY}`, body: {}, fault: 'pack_not_found' },
  { call: `PATCH ${PACKS}/NEW`, body: { cloudflare_branding: true }, fault: 'branding_not_configured', pointer: '/cloudflare_branding' },
  { call: `PATCH ${PACKS}/NEW`, body: { backup: 'yes' }, fault: 'malformed_request', pointer: '/backup' },
  { call: `PATCH ${PACKS}/DELETED`, body: { backup: true }, fault: 'transition_refused', pointer: '/backup' },
  { call: `DELETE ${PACKS}/${NOBODY}`, fault: 'pack_not_found' },
  { call: `DELETE ${PACKS}/NEW`, token: 'reader', fault: 'missing_permission' },
  { call: `POST ${PACKS}/NEW/failover`, fault: 'no_backup' },
  { call: `POST ${PACKS}/${NOBODY}/failover`, fault: 'pack_not_found' },
  { call: `POST ${PACKS}/NEW/revoke`, body: { reason: 'boredom' }, fault: 'malformed_request', pointer: '/reason' },
  { call: `POST ${PACKS}/NEW/revoke`, fault: 'transition_refused' },
  { call: `GET ${PACKS}/NEW/revoke`, fault: 'pack_not_found' },
  { call: `GET ${VERIFICATION}?retry=maybe`, fault: 'malformed_request', pointer: '/retry' },
  { call: `GET ${VERIFICATION}?retry=true`, token: 'reader', fault: 'missing_permission' },
  { call: `PATCH ${VERIFICATION}/NEW`, body: { validation_method: 'meta' }, fault: 'malformed_request', pointer: '/validation_method' },
  { call: `PATCH ${VERIFICATION}/NEW`, body: {}, fault: 'malformed_request', pointer: '/validation_method' },
  { call: `PATCH ${VERIFICATION}/NEW`, body: { validation_method: 'email' }, fault: 'method_not_offered', pointer: '/validation_method' },
  { call: `PATCH ${VERIFICATION}/${NOBODY}`, body: { validation_method: 'txt' }, fault: 'pack_not_found' },
  { call: `PATCH ${VERIFICATION}/DELETED`, body: { validation_method: 'http' }, fault: 'transition_refused', pointer: '/validation_method' },
  { call: 'PATCH /zones/ZONE/ssl/universal/settings', body: { enabled: 'on' }, fault: 'malformed_request', pointer: '/enabled' },
  { call: 'PATCH /zones/ZONE/ssl/universal/settings', body: { enabled: true }, token: 'reader', fault: 'missing_permission' },
  { call: 'POST /zones/ZONE/ssl/analyze', body: { certificate: 'none' }, fault: 'malformed_request', pointer: '/certificate' },
  { call: 'POST /zones/ZONE/ssl/analyze', body: { bundle_method: 'none' }, fault: 'malformed_request', pointer: '/bundle_method' },
  { call: 'POST /zones/ZONE/ssl/analyze', body: {}, fault: 'pack_not_found' },
  { call: `GET /zones/${'0'.repeat(32)}/dcv_delegation/uuid`, fault: 'zone_not_found' },
];

interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly documentation_url?: string;
  readonly source?: { readonly pointer?: string };
}

/** What is sent of a case. */
function requestOf({ call, body, headers = {}, token }: Case): RequestInit {
  const bearer = { authorization: `Bearer ${token === 'reader' ? reader : account.token}` };
  const type = { 'content-type': 'application/json' };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    method: call.split(' ')[0] ?? '',
    headers: { ...(token !== 'none' && bearer), ...(body !== undefined && type), ...headers },
    ...(body !== undefined && { body: text }),
    signal: AbortSignal.timeout(30_000),
  };
}

async function ask(one: Case) {
  const path = (one.call.split(' ')[1] ?? '')
    .replace('ZONE', account.zones[0]?.id ?? '')
    .replace('NEW', packs.NEW)
    .replace('DELETED', packs.DELETED);
  const answer = await fetch(`${one.isTight ? tight : plain}/client/v4${path}`, requestOf(one));
  const envelope: { success: boolean; result: unknown; errors: readonly Refusal[]; messages: unknown } =
    JSON.parse(await answer.text());
  return { status: answer.status, envelope };
}

describe('each refusal of the ssl family has its own status and code, points at what is wrong, and has a page', () => {
  for (const [i, one] of CASES.entries()) {
    const said = JSON.stringify(one.body ?? '').slice(0, 60);
    it(`${i}: ${one.call.replaceAll('0'.repeat(32), '0…').replace(/a{9,}/, 'a…')} ${said} is ${one.fault}`, async () => {
      const { status, envelope } = await ask(one);
      const [error = assert.fail(JSON.stringify(envelope))] = envelope.errors;
      const { status: wanted, code } = FAULTS[one.fault];
      assert.deepEqual(
        [status, error.code, error.source?.pointer],
        [wanted, code, one.pointer],
        error.message,
      );
      assert.deepEqual([envelope.success, envelope.result, envelope.messages], [false, null, []]);
      const url = new URL(error.documentation_url ?? '');
      assert.equal(url.hash, `#${one.fault}`);
      const page = await fetch(url);
      assert.equal(page.status, 200);
      assert((await page.text()).includes(`id="${one.fault}"`));
    });
  }
});

it('the page of errors has each that there is, with its code and status', async () => {
  const page = await (await fetch(`${plain}/docs/errors`)).text();
  for (const name of FAULT_NAMES) {
    const { code, status } = FAULTS[name];
    const [, row = ''] = new RegExp(`<tr id="${name}">(.*?)</tr>`).exec(page) ?? [];
    assert(row.startsWith(`<td>${code}</td><td>${status}</td><td>${name}</td><td>`), name);
    assert.match(row, /<td>[^<]{10,}.*<\/td>$/, name);
  }
});

const isOfWorkers = (name: FaultName): boolean => FAULTS[name].code >= 1411 && FAULTS[name].code <= 1419;

it('docs/divergences.md lists each error that the API answers, with its code and status', () => {
  const text = readFileSync(new URL('../../docs/divergences.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| \d/.test(line));
  for (const name of FAULT_NAMES.filter((one) => !isOfWorkers(one))) {
    const row = rows.find((line) => line.includes(`\`${name}\``)) ?? assert.fail(name);
    const [, codes = '', statuses = ''] = row.split('|').map((cell) => cell.trim());
    assert(codes.split(', ').includes(String(FAULTS[name].code)), row);
    assert(statuses.split(', ').includes(String(FAULTS[name].status)), row);
  }
});
