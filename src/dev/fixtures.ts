import { readFileSync } from 'node:fs';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { UPLOAD_TYPES } from '../pack/custom-certificate.ts';
import { CERTIFICATE_AUTHORITIES, VALIDITY_DAYS, ZONE_TYPES } from '../pack/pack.ts';
import { VALIDATION_METHODS } from '../pack/validation-method.ts';
import { RECORD_TYPES } from '../record/record.ts';
import { PinnedAlerting } from './pin-alerting.ts';

const HexId = Type.String({ pattern: '^[0-9a-f]{32}$' });
const PackId = Type.String({
  pattern: '^[0-9a-f]{8}(-?)[0-9a-f]{4}\\1[0-9a-f]{4}\\1[0-9a-f]{4}\\1[0-9a-f]{12}$',
});
/** By what a client may name the account: its documentation has ids that are none. */
const Alias = Type.String({ pattern: '^[0-9a-z_]{1,32}$' });
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
const Custom = Type.Object(
  {
    id: PackId,
    type: Type.Enum([...UPLOAD_TYPES]),
    hosts: Type.Array(Text, { minItems: 1 }),
  },
  closed,
);
const Hostname = Type.Object(
  {
    id: PackId,
    hostname: Text,
    /** From a CA, by this method. */
    method: Type.Optional(Type.Enum([...VALIDATION_METHODS])),
    /** Brought: a pack of two certificates. */
    pack: Type.Optional(
      Type.Object({ id: PackId, certificates: Type.Array(PackId, { maxItems: 2 }) }, closed),
    ),
  },
  closed,
);
const Keyless = Type.Object(
  {
    id: PackId,
    name: Type.String({ maxLength: 180 }),
    host: Text,
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    hosts: Type.Array(Text, { minItems: 1 }),
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
    custom_certificates: Type.Optional(Type.Array(Custom)),
    keyless_certificates: Type.Optional(Type.Array(Keyless)),
    custom_hostnames: Type.Optional(Type.Array(Hostname)),
    fallback_origin: Type.Optional(Text),
  },
  closed,
);
const Csr = Type.Object({ id: PackId, hosts: Type.Array(Text, { minItems: 1 }) }, closed);
const Shape = Type.Object(
  {
    account: Type.Object({ id: HexId, name: Text, aliases: Type.Optional(Type.Array(Alias)) }, closed),
    users: Type.Optional(Type.Array(Type.Object({ email: Text, key: Text }, closed))),
    tokens: Type.Optional(
      Type.Array(Type.Object({ id: Type.Optional(HexId), name: Text, value: Text }, closed)),
    ),
    zones: Type.Optional(Type.Array(Zone)),
    custom_csrs: Type.Optional(Type.Array(Csr)),
    alerting: Type.Optional(PinnedAlerting),
  },
  closed,
);
const shape = Compile(Shape);

/** What a fixture file pins: credentials, zones, DNS records, packs, custom hostnames, custom CSRs and what there is of alerts, by id. */
export type Fixtures = Static<typeof Shape>;

/** Reads a fixture file. Throws `configuration` that says what is wrong with it, and where. */
export function readFixtures(path: string): Fixtures {
  const fixtures = parsed(path);
  if (shape.Check(fixtures)) return checked(path, fixtures);
  const [first] = shape.Errors(fixtures);
  throw new Fault('configuration', `${path}: ${first?.instancePath || '/'} ${first?.message ?? 'is wrong'}`);
}

/** What is recorded of the account and of a zone is told apart by their ids. */
function checked(path: string, fixtures: Fixtures): Fixtures {
  const i = fixtures.zones?.findIndex(({ id }) => id === fixtures.account.id) ?? -1;
  if (i < 0) return fixtures;
  throw new Fault('configuration', `${path}: /zones/${i}/id is the account's`);
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Fault('configuration', `${path} cannot be read as JSON`, { cause: error });
  }
}
