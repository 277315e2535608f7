/** Bodies and answers of DNS records. */
import { type Static, Type } from 'typebox';
import { MOST_COMMENT, RECORD_TYPES } from '../../record/record.ts';

const FIELDS = {
  content: Type.Optional(Type.String({ maxLength: 10_000 })),
  data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  ttl: Type.Optional(Type.Integer()),
  proxied: Type.Optional(Type.Boolean()),
  comment: Type.Optional(Type.Union([Type.Null(), Type.String({ maxLength: MOST_COMMENT })])),
  tags: Type.Optional(Type.Array(Type.String())),
};
const type = Type.Enum([...RECORD_TYPES]);
const name = Type.String({ maxLength: 1_000 });

export const RecordBody = Type.Object({ type, name, ...FIELDS });
export const RecordPatch = Type.Object({ type: Type.Optional(type), name: Type.Optional(name), ...FIELDS });

/** Most changes in one batch. */
const MOST = 1_000;
const id = Type.String();
export const RecordBatch = Type.Object({
  deletes: Type.Optional(Type.Array(Type.Object({ id }), { maxItems: MOST })),
  patches: Type.Optional(Type.Array(Type.Intersect([Type.Object({ id }), RecordPatch]), { maxItems: MOST })),
  puts: Type.Optional(Type.Array(Type.Intersect([Type.Object({ id }), RecordBody]), { maxItems: MOST })),
  posts: Type.Optional(Type.Array(RecordBody, { maxItems: MOST })),
});
export type RecordBatch = Static<typeof RecordBatch>;

export const RecordReply = Type.Object({
  id,
  name: Type.String(),
  type,
  content: Type.String(),
  proxiable: Type.Boolean(),
  proxied: Type.Boolean(),
  ttl: Type.Integer(),
  priority: Type.Optional(Type.Integer()),
  data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  settings: Type.Object({}),
  meta: Type.Object({}),
  comment: Type.Union([Type.String(), Type.Null()]),
  tags: Type.Array(Type.String()),
  created_on: Type.String(),
  modified_on: Type.String(),
});

export const BatchReply = Type.Object({
  deletes: Type.Array(RecordReply),
  patches: Type.Array(RecordReply),
  puts: Type.Array(RecordReply),
  posts: Type.Array(RecordReply),
});
