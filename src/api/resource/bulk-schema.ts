/** What bulk jobs look like on the wire. */
import { type Static, Type } from '@fastify/type-provider-typebox';
import { REASON_NAMES } from '../../ca/revoke.ts';
import { BULK_ACTIONS, BULK_STATUSES, MOST_NAMED } from '../../pack/bulk.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import type { BulkFailure, BulkJob } from '../../store/bulk-job-row.ts';
import { ACCOUNT_FILTER } from './account-filter.ts';

const NamedPack = Type.Object({ zone_id: Type.String(), id: Type.String() }, { additionalProperties: false });

export const BulkBody = Type.Object(
  {
    action: Type.Enum([...BULK_ACTIONS]),
    filter: Type.Optional(
      Type.Object(
        Object.fromEntries(Object.keys(ACCOUNT_FILTER).map((name) => [name, Type.Optional(Type.String())])),
        { additionalProperties: false, minProperties: 1 },
      ),
    ),
    packs: Type.Optional(Type.Array(NamedPack, { minItems: 1, maxItems: MOST_NAMED })),
    reason: Type.Optional(Type.Enum([...REASON_NAMES])),
    dry_run: Type.Optional(Type.Boolean()),
    expected_count: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })),
    tolerance: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })),
  },
  { additionalProperties: false },
);
export type BulkBody = Static<typeof BulkBody>;

const Failure = Type.Object({
  zone_id: Type.String(),
  id: Type.String(),
  code: Type.Integer(),
  message: Type.String(),
});

/** A job. */
export const BulkReply = Type.Object({
  id: Type.String(),
  action: Type.Enum([...BULK_ACTIONS]),
  reason: Type.Optional(Type.String()),
  filter: Type.Optional(Type.Record(Type.String(), Type.String())),
  packs_given: Type.Optional(Type.Integer()),
  status: Type.Enum([...BULK_STATUSES]),
  stopped_because: Type.Optional(Type.String()),
  matched: Type.Integer(),
  done: Type.Integer(),
  failed: Type.Integer(),
  failures_by_code: Type.Record(Type.String(), Type.Integer()),
  failures: Type.Optional(Type.Array(Failure)),
  token_id: Type.String(),
  created_on: Type.String(),
  finished_on: Type.Optional(Type.String()),
});

/** What a dry run found. */
export const DryReply = Type.Object({
  action: Type.Enum([...BULK_ACTIONS]),
  is_dry_run: Type.Literal(true),
  count: Type.Integer(),
  packs: Type.Array(NamedPack),
});

/** A job on the wire, with its refusals where they are told. */
export const toBulkReply = (job: BulkJob, failures?: readonly BulkFailure[]): Static<typeof BulkReply> => ({
  id: job.id,
  action: job.action,
  ...(job.reason !== undefined && { reason: job.reason }),
  ...(job.filter && { filter: { ...job.filter } }),
  ...(job.packs && { packs_given: job.packs.length }),
  status: job.status,
  ...(job.stoppedBecause !== undefined && { stopped_because: job.stoppedBecause }),
  matched: job.matched,
  done: job.done,
  failed: job.failed,
  failures_by_code: { ...job.failuresByCode },
  ...(failures && {
    failures: failures.map(({ pack, code, message }) => ({
      zone_id: pack.zone.id,
      id: pack.id,
      code,
      message,
    })),
  }),
  token_id: job.tokenId,
  created_on: toWireTime(job.createdOn),
  ...(job.finishedOn && { finished_on: toWireTime(job.finishedOn) }),
});
