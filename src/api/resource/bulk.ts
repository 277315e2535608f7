import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import { cancelBulk, createBulk, found } from '../../operation/create-bulk.ts';
import type { PackKey } from '../../pack/pack.ts';
import type { Permission } from '../../pack/permission.ts';
import type { BulkJob, BulkScope } from '../../store/bulk-job-row.ts';
import { getBulkJob, getBulkJobByKey, listBulkFailures, listBulkJobs } from '../../store/bulk-jobs.ts';
import { countMatching, listAccountKeys, MOST_LOOKED_AT } from '../../store/list/account-keys.ts';
import type { AccountFilter, Place } from '../../store/list/account-list.ts';
import type { Pool } from '../../store/store.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, checkAccount, demandAll } from '../http/auth.ts';
import { ok, okOf } from '../http/envelope.ts';
import { BulkBody, BulkReply, DryReply, toBulkReply } from './bulk-schema.ts';
import { scopeOf } from './bulk-scope.ts';

const [READ, WRITE] = ['SSL and Certificates Read', 'SSL and Certificates Write'] as const;
const PATH = '/accounts/:account_id/ssl/certificate_packs/bulk';
const Account = Type.Object({ account_id: Type.String() });
const Job = Type.Object({ account_id: Type.String(), bulk_job_id: Type.String() });

const POST = {
  operationId: 'create-bulk-certificate-pack-job',
  summary: 'Restart, revoke or fail over many packs; a dry run says how many',
  params: Account,
  body: BulkBody,
  response: okOf(Type.Union([BulkReply, DryReply])),
};
const LIST = {
  operationId: 'list-bulk-certificate-pack-jobs',
  summary: 'The last bulk jobs of an account',
  params: Account,
  response: okOf(Type.Array(BulkReply)),
};
const GET = {
  operationId: 'get-bulk-certificate-pack-job',
  summary: 'How far a bulk job is, and what was refused',
  params: Job,
  response: okOf(BulkReply),
};
const CANCEL = {
  operationId: 'cancel-bulk-certificate-pack-job',
  summary: 'Have a bulk job end',
  params: Job,
  body: Type.Optional(Type.Union([Type.Null(), Type.Object({})])),
  response: okOf(BulkReply),
};

/** Jobs that a list has, refusals that a job shows, and packs that a dry run names. */
const [MOST_JOBS, MOST_SHOWN, MOST_DRY] = [100, 100, 20];

/**
 * Routes of …/accounts/{account_id}/ssl/certificate_packs/bulk: an operation on many packs. It is begun with the number of packs
 * that a dry run told, and done by the workers, each pack as if its client called for it alone.
 */
export const bulkRoutes =
  (deps: ApiDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(PATH, { schema: POST }, async (request) => {
      const { body } = request;
      const accountId = accountOf(request, request.params.account_id, WRITE);
      const scope = await scopeOf(deps, request, body, accountId);
      const { action } = body;
      if (body.dry_run === true) {
        const count = await countOf(deps.pool, scope);
        return ok({ action, is_dry_run: true as const, count, packs: await firstOf(deps.pool, scope) });
      }
      const [key, asked] = [keyOf(request), { ...scope, action, reason: reasonOf(body) }];
      const known = key === undefined ? undefined : await getBulkJobByKey(deps.pool, accountId, key);
      if (known) return ok(toBulkReply(sameAs(known, asked)));
      const matched = await countOf(deps.pool, scope);
      checkCount(body, matched);
      const by = { accountId, tokenId: request.token.id, actor: actorOf(request) };
      // Another request with that key may have come first.
      const job = sameAs(await createBulk(deps, { ...asked, ...by, key, matched }), asked);
      deps.poke();
      return ok(toBulkReply(job, []));
    });

    app.get(PATH, { schema: LIST }, async (request) => {
      const accountId = accountOf(request, request.params.account_id, READ);
      demandAll(request.token, READ);
      return ok((await listBulkJobs(deps.pool, accountId, MOST_JOBS)).map((job) => toBulkReply(job)));
    });

    app.get(`${PATH}/:bulk_job_id`, { schema: GET }, async (request) => {
      const accountId = accountOf(request, request.params.account_id, READ);
      const key = { accountId, id: jobId(request.params.bulk_job_id) };
      const job = found(await getBulkJob(deps.pool, key));
      if (job.tokenId !== request.token.id) demandAll(request.token, READ);
      return ok(toBulkReply(job, await listBulkFailures(deps.pool, key, MOST_SHOWN)));
    });

    app.post(`${PATH}/:bulk_job_id/cancel`, { schema: CANCEL }, async (request) => {
      const accountId = accountOf(request, request.params.account_id, WRITE);
      const key = { accountId, id: jobId(request.params.bulk_job_id) };
      const job = found(await getBulkJob(deps.pool, key));
      if (job.tokenId !== request.token.id) demandAll(request.token, WRITE);
      return ok(toBulkReply(await cancelBulk(deps, key, actorOf(request))));
    });
  };

/** Throws `bulk_job_not_found` for what is no id. */
function jobId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return text;
  return found(undefined).id;
}

function accountOf(request: FastifyRequest, accountId: string, permission: Permission): string {
  checkAccount(request.token, request, accountId, permission);
  return accountId;
}

/** How many packs there are. Throws `malformed_request` where that cannot be told. */
async function countOf(pool: Pool, { packs, which }: BulkScope): Promise<number> {
  const count = which ? await countMatching(pool, which) : packs?.length;
  if (count !== undefined) return count;
  const sentence = `the filter has more than ${MOST_LOOKED_AT} packs looked at to be counted: narrow it, by zone_id or with less of host.suffix`;
  throw new Fault('malformed_request', sentence, { pointer: '/filter' });
}

async function firstOf(pool: Pool, { packs = [], which }: BulkScope) {
  const keys = which ? await firstMatching(pool, which) : packs;
  return keys.slice(0, MOST_DRY).map(({ zone, id }) => ({ zone_id: zone.id, id }));
}

async function firstMatching(pool: Pool, which: AccountFilter): Promise<PackKey[]> {
  const keys: PackKey[] = [];
  let from: Place | undefined;
  for (let looked = 0; keys.length < MOST_DRY && looked < MOST_LOOKED_AT; looked += STEP) {
    const page = await listAccountKeys(pool, which, { from, most: STEP });
    keys.push(...page.keys);
    from = page.next;
    if (!from) break;
  }
  return keys;
}

/** Packs that are looked at by one statement. */
const STEP = 1_000;

type Asked = BulkScope & Pick<BulkJob, 'action' | 'reason'>;

/** The job that the same request made before. Throws `key_reused` where that was another. */
function sameAs(job: BulkJob, asked: Asked): BulkJob {
  const whatOf = ({ action, reason, packs, filter }: Asked) => [action, reason, packs, sorted(filter)];
  if (JSON.stringify(whatOf(job)) === JSON.stringify(whatOf(asked))) return job;
  throw new Fault('key_reused', 'that Idempotency-Key came with another bulk job before');
}

const sorted = (filter: BulkScope['filter']) =>
  filter && Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1));

function checkCount({ expected_count: expected, tolerance = 0 }: BulkBody, count: number): void {
  if (expected === undefined) {
    const sentence = 'expected_count is required: the count that a dry run told (dry_run)';
    throw new Fault('malformed_request', sentence, { pointer: '/expected_count' });
  }
  if (Math.abs(count - expected) <= tolerance) return;
  const sentence = `${count} packs match now, not ${expected}: look again, or say by tolerance how many more or less may be`;
  throw new Fault('count_differs', sentence, { pointer: '/expected_count' });
}

function reasonOf({ action, reason }: BulkBody): string | undefined {
  if (action === 'revoke') return reason ?? 'unspecified';
  if (reason === undefined) return undefined;
  throw new Fault('malformed_request', `reason is for revoke alone, not for ${action}`, {
    pointer: '/reason',
  });
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined || (typeof key === 'string' && key.length > 0 && key.length <= 255)) return key;
  throw new Fault('malformed_request', 'the header Idempotency-Key must have 1 to 255 characters');
}
