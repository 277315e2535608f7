/** What each route is called, what it is for, and what it answers: a line for each. `test/contract/openapi.test.ts` holds it. */
import { type TSchema, Type } from 'typebox';
import {
  CERTIFICATE_AUTHORITIES,
  ENVIRONMENTS,
  PACK_STATUSES,
  PACK_TYPES,
  VALIDATION_METHODS,
  VALIDITY_DAYS,
  ZONE_TYPES,
} from '../../pack/pack.ts';
import { RESOURCES } from '../../store/audit.ts';

interface Description {
  /** Cloudflare's operationId where the route is one of theirs. */
  readonly id: string;
  readonly says: string;
  readonly result: TSchema;
  readonly query?: Readonly<Record<string, TSchema>>;
  /** `result_info`. */
  readonly info?: TSchema;
  /** Media type of the answer; JSON in the envelope unless told. */
  readonly type?: string;
  /** Whether it wants no token. */
  readonly isOpen?: boolean;
}

const Id = Type.Object({ id: Type.String() });
const Time = Type.String();

const Certificate = Type.Object({
  id: Type.String(),
  hosts: Type.Array(Type.String()),
  issuer: Type.String(),
  signature: Type.String(),
  status: Type.String(),
  bundle_method: Type.String(),
  zone_id: Type.String(),
  uploaded_on: Time,
  modified_on: Time,
  expires_on: Time,
});

const Pack = Type.Object({
  id: Type.String(),
  type: Type.Enum([...PACK_TYPES]),
  hosts: Type.Array(Type.String()),
  status: Type.Enum([...PACK_STATUSES]),
  primary_certificate: Type.Optional(Type.String()),
  certificates: Type.Array(Certificate),
  certificate_authority: Type.Enum([...CERTIFICATE_AUTHORITIES]),
  validation_method: Type.Enum([...VALIDATION_METHODS]),
  validity_days: Type.Union(VALIDITY_DAYS.map((length) => Type.Literal(length))),
  validation_records: Type.Array(
    Type.Object({
      status: Type.String(),
      txt_name: Type.Optional(Type.String()),
      txt_value: Type.Optional(Type.String()),
      http_url: Type.Optional(Type.String()),
      http_body: Type.Optional(Type.String()),
    }),
  ),
  validation_errors: Type.Array(Type.Object({ message: Type.String() })),
  dcv_delegation_records: Type.Array(Type.Object({ cname: Type.String(), cname_target: Type.String() })),
  cloudflare_branding: Type.Boolean(),
  created_on: Time,
});

const Zone = Type.Object({
  id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  type: Type.Enum([...ZONE_TYPES]),
  name_servers: Type.Array(Type.String()),
  created_on: Time,
  modified_on: Time,
  account: Type.Object({ id: Type.String(), name: Type.String() }),
});

const Account = Type.Object({ id: Type.String(), name: Type.String(), created_on: Time });

const Token = Type.Object({
  id: Type.String(),
  name: Type.String(),
  status: Type.String(),
  issued_on: Time,
  modified_on: Time,
  last_used_on: Type.Optional(Time),
  not_before: Type.Optional(Time),
  expires_on: Type.Optional(Time),
  policies: Type.Array(Type.Unknown()),
});

const Revocation = Type.Object({ id: Type.String(), certificates: Type.Array(Type.Unknown()) });

const AuditRecord = Type.Object({
  id: Type.String(),
  account: Type.Object({ id: Type.String(), name: Type.String() }),
  action: Type.Object({
    type: Type.Enum(['create', 'update', 'delete']),
    description: Type.String(),
    result: Type.Literal('success'),
    time: Time,
  }),
  actor: Type.Object({
    type: Type.Enum(['user', 'system']),
    id: Type.Optional(Type.String()),
    context: Type.Optional(Type.Enum(['api_token', 'api_key'])),
    token_id: Type.Optional(Type.String()),
    token_name: Type.Optional(Type.String()),
    email: Type.Optional(Type.String()),
    ip_address: Type.Optional(Type.String()),
  }),
  raw: Type.Optional(Type.Object({ request_id: Type.String() })),
  resource: Type.Object({
    id: Type.String(),
    type: Type.Enum([...RESOURCES]),
    product: Type.String(),
    name: Type.Optional(Type.String()),
  }),
  zone: Type.Optional(Type.Object({ id: Type.String(), name: Type.Optional(Type.String()) })),
});

const PAGES = {
  page: Type.Integer({ minimum: 1, default: 1 }),
  per_page: Type.Integer({ minimum: 5, maximum: 50, default: 20 }),
};
const PageInfo = Type.Object({
  page: Type.Integer(),
  per_page: Type.Integer(),
  count: Type.Integer(),
  total_count: Type.Integer(),
  total_pages: Type.Integer(),
});
const CursorInfo = Type.Object({
  count: Type.Integer(),
  per_page: Type.Integer(),
  cursor: Type.Optional(Type.String()),
});
const Status = Type.Enum(['all', ...PACK_STATUSES]);
const Deploy = Type.Enum([...ENVIRONMENTS]);
const FILTER = {
  status: Status,
  deploy: Deploy,
  type: Type.Enum([...PACK_TYPES]),
  certificate_authority: Type.Enum([...CERTIFICATE_AUTHORITIES]),
  zone_id: Type.String(),
  host: Type.String(),
  'host.suffix': Type.String(),
  expires_before: Time,
};

const EXPORT = { status: Status, deploy: Deploy, cursor: Type.String() };

const AUDIT = {
  since: Time,
  before: Time,
  direction: Type.Enum(['desc', 'asc']),
  limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 100 }),
  cursor: Type.String(),
  zone_id: Type.String(),
  actor_token_id: Type.String(),
  resource_type: Type.Enum([...RESOURCES]),
  resource_id: Type.String(),
};

const V4 = '/client/v4';
const PACKS = `${V4}/zones/:zone_id/ssl/certificate_packs`;
const PACK = `${PACKS}/:certificate_pack_id`;
const LINES = { type: 'application/x-ndjson', result: Type.String() };

// biome-ignore format: a table is read by column
export const DESCRIPTIONS: Readonly<Record<string, Description>> = {
  [`GET ${PACKS}`]:         { id: 'certificate-packs-list-certificate-packs', says: 'List certificate packs of a zone', result: Type.Array(Pack), info: PageInfo, query: { ...PAGES, status: Status, deploy: Deploy } },
  [`POST ${PACKS}/order`]:  { id: 'certificate-packs-order-advanced-certificate-manager-certificate-pack', says: 'Order a certificate pack', result: Pack },
  [`GET ${PACK}`]:          { id: 'certificate-packs-get-certificate-pack', says: 'Get a certificate pack', result: Pack },
  [`PATCH ${PACK}`]:        { id: 'certificate-packs-restart-validation-for-advanced-certificate-manager-certificate-pack', says: 'Try a stage again that ran out, or change the branding', result: Pack },
  [`DELETE ${PACK}`]:       { id: 'certificate-packs-delete-advanced-certificate-manager-certificate-pack', says: 'Delete a certificate pack', result: Id },
  [`POST ${PACK}/revoke`]:  { id: 'revoke-certificate-pack', says: 'Revoke the certificates of a pack at their CA, and delete it', result: Revocation },
  [`GET ${PACK}/revoke`]:   { id: 'get-certificate-pack-revocation', says: 'How far a revocation is', result: Revocation },
  [`GET ${PACKS}/export`]:  { id: 'export-certificate-packs', says: 'All packs of a zone, a line of JSON each', query: EXPORT, ...LINES },
  [`GET ${V4}/accounts/:account_id/ssl/certificate_packs`]:        { id: 'list-account-certificate-packs', says: 'Packs of all zones of an account, by filter and cursor', result: Type.Array(Pack), info: CursorInfo, query: { ...FILTER, per_page: PAGES.per_page, cursor: Type.String() } },
  [`GET ${V4}/accounts/:account_id/ssl/certificate_packs/export`]: { id: 'export-account-certificate-packs', says: 'All packs of an account, a line of JSON each', query: EXPORT, ...LINES },
  [`GET ${V4}/accounts`]:             { id: 'accounts-list-accounts', says: 'The account of the caller', result: Type.Array(Account), info: PageInfo, query: PAGES },
  [`GET ${V4}/accounts/:account_id`]: { id: 'accounts-account-details', says: 'Get an account', result: Account },
  [`GET ${V4}/accounts/:account_id/logs/audit`]: { id: 'audit-logs-v2-get-account-audit-logs', says: 'What clients and operators did in an account', result: Type.Array(AuditRecord), info: CursorInfo, query: AUDIT },
  [`GET ${V4}/zones`]:                { id: 'zones-get', says: 'List zones', result: Type.Array(Zone), info: PageInfo, query: { ...PAGES, name: Type.String(), type: Type.Enum([...ZONE_TYPES]) } },
  [`POST ${V4}/zones`]:               { id: 'zones-post', says: 'Make a zone', result: Zone },
  [`GET ${V4}/zones/:zone_id`]:       { id: 'zones-0-get', says: 'Get a zone', result: Zone },
  [`DELETE ${V4}/zones/:zone_id`]:    { id: 'zones-0-delete', says: 'Delete a zone and its packs', result: Id },
  [`GET ${V4}/zones/:zone_id/dcv_delegation/uuid`]: { id: 'dcv-delegation-uuid-get', says: 'The uuid of a zone’s delegated validation', result: Type.Object({ uuid: Type.String() }) },
  [`GET ${V4}/user/tokens`]:                   { id: 'user-api-tokens-list-tokens', says: 'List tokens', result: Type.Array(Token), info: PageInfo, query: PAGES },
  [`POST ${V4}/user/tokens`]:                  { id: 'user-api-tokens-create-token', says: 'Make a token; its secret is in this answer alone', result: Type.Intersect([Token, Type.Object({ value: Type.String() })]) },
  [`GET ${V4}/user/tokens/verify`]:            { id: 'user-api-tokens-verify-token', says: 'Whether the caller’s token is good', result: Type.Object({ id: Type.String(), status: Type.String() }) },
  [`GET ${V4}/user/tokens/permission_groups`]: { id: 'permission-groups-list-permission-groups', says: 'What can be granted', result: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })) },
  [`GET ${V4}/user/tokens/:token_id`]:         { id: 'user-api-tokens-token-details', says: 'Get a token', result: Token },
  [`DELETE ${V4}/user/tokens/:token_id`]:      { id: 'user-api-tokens-delete-token', says: 'Take a token away', result: Id },
  [`PUT ${V4}/user/tokens/:token_id/value`]:   { id: 'user-api-tokens-roll-token', says: 'Give a token another secret', result: Type.String() },
  [`GET ${V4}/openapi.json`]: { id: 'openapi', says: 'This description', result: Type.Object({ openapi: Type.String() }), isOpen: true },
  'GET /healthz':     { id: 'healthz', says: 'Whether the process lives', result: Type.Object({ status: Type.String() }), isOpen: true },
  'GET /readyz':      { id: 'readyz', says: 'Whether the process can work', result: Type.Object({ status: Type.String() }), isOpen: true },
  'GET /docs/errors': { id: 'errors', says: 'What each error means, for people', result: Type.String(), type: 'text/html', isOpen: true },
};
