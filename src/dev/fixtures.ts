import { readFileSync } from 'node:fs';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { CERTIFICATE_AUTHORITIES, VALIDITY_DAYS, ZONE_TYPES } from '../pack/pack.ts';
import { RECORD_TYPES } from '../record/record.ts';

const HexId = Type.String({ pattern: '^[0-9a-f]{32}$' });
const PackId = Type.String({
  pattern: '^[0-9a-f]{8}(-?)[0-9a-f]{4}\\1[0-9a-f]{4}\\1[0-9a-f]{4}\\1[0-9a-f]{12}$',
});
const Text = Type.String({ minLength: 1, maxLength: 253 });
const closed = { additionalProperties: false };

const Record = Type.Object(
  {
    id: HexId,
    type: Type.Enum([...RECORD_TYPES]),
    name: Text,
    content: Type.String(),
    ttl: Type.Optional(Type.Integer()),
    priority: Type.Optional(Type.Integer()),
    proxied: Type.Optional(Type.Boolean()),
    comment: Type.Optional(Type.String()),
    tags: Type.Optional(Type.Array(Type.String())),
  },
  closed,
);
const Pack = Type.Object(
  {
    id: PackId,
    hosts: Type.Array(Text, { minItems: 1 }),
    type: Type.Literal('advanced'),
    certificate_authority: Type.Enum([...CERTIFICATE_AUTHORITIES]),
    validation_method: Type.Union([Type.Literal('txt'), Type.Literal('http'), Type.Literal('email')]),
    validity_days: Type.Enum([...VALIDITY_DAYS]),
  },
  closed,
);
const Zone = Type.Object(
  {
    id: HexId,
    name: Text,
    type: Type.Enum([...ZONE_TYPES]),
    dns_records: Type.Optional(Type.Array(Record)),
    certificate_packs: Type.Optional(Type.Array(Pack)),
  },
  closed,
);
const Shape = Type.Object(
  {
    account: Type.Object({ id: HexId, name: Text, aliases: Type.Optional(Type.Array(HexId)) }, closed),
    users: Type.Optional(Type.Array(Type.Object({ email: Text, key: Text }, closed))),
    tokens: Type.Optional(
      Type.Array(Type.Object({ id: Type.Optional(HexId), name: Text, value: Text }, closed)),
    ),
    zones: Type.Optional(Type.Array(Zone)),
  },
  closed,
);
const shape = Compile(Shape);

/** What a fixture file pins: credentials, zones, DNS records and packs, by id. */
export type Fixtures = Static<typeof Shape>;

/** Reads a fixture file. Throws `configuration` that says what is wrong with it, and where. */
export function readFixtures(path: string): Fixtures {
  const fixtures = parsed(path);
  if (shape.Check(fixtures)) return fixtures;
  const [first] = shape.Errors(fixtures);
  throw new Fault('configuration', `${path}: ${first?.instancePath || '/'} ${first?.message ?? 'is wrong'}`);
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Fault('configuration', `${path} cannot be read as JSON`, { cause: error });
  }
}
