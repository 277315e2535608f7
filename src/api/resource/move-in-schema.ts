/** What names that move in look like on the wire. */
import { type Static, Type } from 'typebox';
import { FAULTS, Fault, wordsOf } from '../../kit/fault.ts';
import type { MoveInOutcome } from '../../operation/create-move-in.ts';
import { LONGEST_UPLOAD } from '../../pack/custom-certificate.ts';
import { MOVE_IN_METHODS, MOVE_IN_STATUSES, type MoveIn } from '../../pack/move-in.ts';
import { BUNDLE_METHODS, CERTIFICATE_AUTHORITIES } from '../../pack/pack.ts';
import { toWireTime } from '../../pack/pack-json.ts';
import type { MoveInCounts } from '../../store/move-ins.ts';

const Pem = Type.String({ maxLength: LONGEST_UPLOAD });

/** Most that one request brings. */
const MOST_ITEMS = 100;

const Item = Type.Object(
  {
    zone_id: Type.String(),
    certificate: Type.Optional(Pem),
    private_key: Type.Optional(Pem),
    bundle_method: Type.Optional(Type.Enum([...BUNDLE_METHODS])),
    hosts: Type.Optional(Type.Array(Type.String({ maxLength: 1_000 }), { minItems: 1, maxItems: 50 })),
    certificate_authority: Type.Optional(Type.Enum([...CERTIFICATE_AUTHORITIES])),
    validation_method: Type.Optional(Type.Enum([...MOVE_IN_METHODS])),
  },
  { additionalProperties: false },
);
export type MoveInItem = Static<typeof Item>;

/** Body of an import. */
export const MoveInBody = Type.Object(
  {
    items: Type.Array(Item, { minItems: 1, maxItems: MOST_ITEMS }),
    dry_run: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

const Time = Type.String({ format: 'date-time' });
const ACTIONS = ['import', 'order', 'known', 'covered', 'refused'] as const;

/** What became of each, in the order in which they came. */
export const OutcomesReply = Type.Array(
  Type.Object({
    action: Type.Enum([...ACTIONS]),
    id: Type.Optional(Type.String()),
    hosts: Type.Optional(Type.Array(Type.String())),
    certificate_pack_id: Type.Optional(Type.String()),
    expires_on: Type.Optional(Time),
    planned_for: Type.Optional(Time),
    code: Type.Optional(Type.Integer()),
    message: Type.Optional(Type.String()),
  }),
);
export type OutcomeReply = Static<typeof OutcomesReply>[number];

/** One that was stored, known, or would be. */
export const toOutcome = (outcome: MoveInOutcome): OutcomeReply => ({
  action: outcome.action,
  hosts: [...outcome.hosts],
  ...(outcome.move && { id: outcome.move.id }),
  ...(outcome.packId !== undefined && { certificate_pack_id: outcome.packId }),
  ...(outcome.endsOn && { expires_on: toWireTime(outcome.endsOn) }),
  ...(outcome.plannedFor && { planned_for: toWireTime(outcome.plannedFor) }),
});

/** One that was refused. Throws what is no refusal. */
export function toRefusal(error: unknown): OutcomeReply {
  if (!(error instanceof Fault)) throw error;
  return { action: 'refused', code: FAULTS[error.fault].code, message: wordsOf(error) };
}

/** A move. */
export const MoveInReply = Type.Object({
  id: Type.String(),
  zone_id: Type.String(),
  hosts: Type.Array(Type.String()),
  status: Type.Enum([...MOVE_IN_STATUSES]),
  why: Type.Optional(Type.String()),
  imported_pack_id: Type.Optional(Type.String()),
  imported_expires_on: Type.Optional(Time),
  managed_pack_id: Type.Optional(Type.String()),
  planned_for: Time,
  created_on: Time,
  finished_on: Type.Optional(Time),
});

/** A move on the wire. The id of a pack that is not ordered yet is not told. */
export const toMoveInJson = (move: MoveIn): Static<typeof MoveInReply> => ({
  id: move.id,
  zone_id: move.zoneId,
  hosts: [...move.hosts],
  status: move.status,
  ...(move.why !== undefined && { why: move.why }),
  ...(move.uploadId !== undefined && { imported_pack_id: move.uploadId }),
  ...(move.uploadEnds && { imported_expires_on: toWireTime(move.uploadEnds) }),
  ...(move.packId !== undefined && move.status !== 'planned' && { managed_pack_id: move.packId }),
  planned_for: toWireTime(move.plannedFor),
  created_on: toWireTime(move.createdOn),
  ...(move.finishedOn && { finished_on: toWireTime(move.finishedOn) }),
});

/** How far the moves of an account are. */
export const MoveInSummary = Type.Object({
  planned: Type.Integer(),
  ordered: Type.Integer(),
  proving: Type.Integer(),
  done: Type.Integer(),
  cancelled: Type.Integer(),
  stuck: Type.Integer(),
  late: Type.Integer(),
  orders_per_hour: Type.Integer(),
});

/** The same on the wire. */
export const toSummary = ({ byStatus, stuck, late }: MoveInCounts, perHour: number) => ({
  planned: byStatus.planned ?? 0,
  ordered: byStatus.ordered ?? 0,
  proving: byStatus.proving ?? 0,
  done: byStatus.done ?? 0,
  cancelled: byStatus.cancelled ?? 0,
  stuck,
  late,
  orders_per_hour: perHour,
});
