/** What packs look like on the wire, and by what parameters lists of them are filtered. */
import { Type } from 'typebox';
import {
  CERTIFICATE_AUTHORITIES,
  ENVIRONMENTS,
  PACK_STATUSES,
  PACK_TYPES,
  VALIDITY_DAYS,
} from '../../pack/pack.ts';
import { VALIDATION_METHODS } from '../../pack/validation-method.ts';

const Certificate = Type.Object({
  id: Type.String(),
  hosts: Type.Array(Type.String()),
  issuer: Type.String(),
  signature: Type.String(),
  status: Type.String(),
  bundle_method: Type.String(),
  priority: Type.Optional(Type.Integer()),
  zone_id: Type.String(),
  uploaded_on: Type.String(),
  modified_on: Type.String(),
  expires_on: Type.String(),
});

/** A certificate pack. */
export const PackReply = Type.Object({
  id: Type.String(),
  type: Type.Enum([...PACK_TYPES]),
  hosts: Type.Array(Type.String()),
  status: Type.Enum([...PACK_STATUSES]),
  primary_certificate: Type.Optional(Type.String()),
  certificates: Type.Array(Certificate),
  certificate_authority: Type.Optional(Type.Enum([...CERTIFICATE_AUTHORITIES])),
  validation_method: Type.Optional(Type.Enum([...VALIDATION_METHODS])),
  validity_days: Type.Optional(Type.Union(VALIDITY_DAYS.map((length) => Type.Literal(length)))),
  validation_records: Type.Array(
    Type.Object({
      status: Type.String(),
      txt_name: Type.Optional(Type.String()),
      txt_value: Type.Optional(Type.String()),
      http_url: Type.Optional(Type.String()),
      http_body: Type.Optional(Type.String()),
      emails: Type.Optional(Type.Array(Type.String())),
    }),
  ),
  validation_errors: Type.Array(Type.Object({ message: Type.String() })),
  dcv_delegation_records: Type.Array(
    Type.Object({
      status: Type.Enum(['pending', 'active']),
      cname: Type.String(),
      cname_target: Type.String(),
    }),
  ),
  cloudflare_branding: Type.Boolean(),
  backup_pack: Type.Optional(Type.String()),
  backup_of: Type.Optional(Type.String()),
  created_on: Type.String(),
});

/** Parameters that every list of packs has. */
export const PACK_FILTER = {
  status: Type.Enum(['all', ...PACK_STATUSES]),
  deploy: Type.Enum([...ENVIRONMENTS]),
};
