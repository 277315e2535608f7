/** What custom hostnames look like on the wire, and what is taken of them. What stands in `ssl` is refused in codes of its own. */
import { Type } from 'typebox';
import { HOSTNAME_STATUSES, ORIGIN_STATUSES } from '../../pack/custom-hostname.ts';
import { PACK_STATUSES } from '../../pack/pack.ts';

const Time = Type.String({ format: 'date-time' });
const Metadata = Type.Optional(
  Type.Unknown({ description: 'An object of texts, of 8 KiB together at most.' }),
);
const Ssl = Type.Optional(
  Type.Unknown({
    description:
      'method (http, txt, email) and type (dv) of certificates that are got here, with certificate_authority, cloudflare_branding; ' +
      'or custom_certificate and custom_key (none for the key of a custom CSR), or one or two of these in custom_cert_bundle; with bundle_method, wildcard and settings ' +
      '(ciphers, early_hints, http2, min_tls_version, tls_1_3).',
  }),
);
const CHANGES = {
  ssl: Ssl,
  custom_metadata: Metadata,
  custom_origin_server: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  custom_origin_sni: Type.Optional(Type.Union([Type.String(), Type.Null()])),
};

/** Body of a new hostname. */
export const HostnameBody = Type.Object({ hostname: Type.String(), ...CHANGES });
/** Body of a change. */
export const HostnamePatch = Type.Optional(
  Type.Union([Type.Null(), Type.Object({ hostname: Type.Optional(Type.String()), ...CHANGES })]),
);
/** Body of a certificate that comes in the place of another. */
export const PairBody = Type.Object({
  custom_certificate: Type.String(),
  custom_key: Type.Optional(Type.Union([Type.Null(), Type.String()])),
});
/** Body of a fallback origin. */
export const OriginBody = Type.Object({ origin: Type.String() });

const Record = Type.Object({}, { additionalProperties: true });

const SslReply = Type.Object(
  {
    id: Type.String(),
    status: Type.Enum([...PACK_STATUSES]),
    type: Type.Literal('dv'),
    method: Type.Optional(Type.String()),
    certificate_authority: Type.Optional(Type.String()),
    bundle_method: Type.String(),
    wildcard: Type.Boolean(),
    cloudflare_branding: Type.Optional(Type.Boolean()),
    settings: Record,
    hosts: Type.Array(Type.String()),
    validation_records: Type.Array(Record),
    validation_errors: Type.Array(Type.Object({ message: Type.String() })),
    dcv_delegation_records: Type.Array(Record),
    issuer: Type.Optional(Type.String()),
    serial_number: Type.Optional(Type.String()),
    signature: Type.Optional(Type.String()),
    uploaded_on: Type.Optional(Time),
    expires_on: Type.Optional(Time),
    certificates: Type.Array(Record),
  },
  { additionalProperties: true },
);

/** A custom hostname. */
export const HostnameReply = Type.Object({
  id: Type.String(),
  hostname: Type.String(),
  ssl: Type.Optional(SslReply),
  status: Type.Enum([...HOSTNAME_STATUSES]),
  created_at: Time,
  ownership_verification: Type.Object({
    name: Type.String(),
    type: Type.Literal('txt'),
    value: Type.String(),
  }),
  ownership_verification_http: Type.Object({ http_url: Type.String(), http_body: Type.String() }),
  verification_errors: Type.Array(Type.String()),
  custom_metadata: Type.Optional(Type.Record(Type.String(), Type.String())),
  custom_origin_server: Type.Optional(Type.String()),
  custom_origin_sni: Type.Optional(Type.String()),
});

/** A fallback origin. */
export const OriginReply = Type.Object({
  origin: Type.String(),
  status: Type.Enum([...ORIGIN_STATUSES]),
  errors: Type.Array(Type.String()),
  created_at: Time,
  updated_at: Time,
});
