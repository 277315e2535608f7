/** What custom certificates look like on the wire, and what is taken of them. */
import { type Static, Type } from 'typebox';
import { Fault } from '../../kit/fault.ts';
import {
  CUSTOM_STATUSES,
  customStatusOf,
  LONGEST_UPLOAD,
  UPLOAD_TYPES,
} from '../../pack/custom-certificate.ts';
import { BUNDLE_METHODS, ENVIRONMENTS } from '../../pack/pack.ts';
import { restrictionFields, toWireTime } from '../../pack/pack-json.ts';
import { GEO_LABELS, parsePolicy, type Restriction } from '../../pack/region.ts';
import type { CustomCertificate } from '../../store/uploads.ts';
import { csrId } from './pack-id.ts';

const Pem = Type.String({ maxLength: LONGEST_UPLOAD });

/** Where a key may be, by a label. */
export const GeoRestrictions = Type.Object({ label: Type.Optional(Type.Enum([...GEO_LABELS])) });
const Policy = Type.Optional(Type.Union([Type.Null(), Type.String()]));

/** Fields of bodies that say where a key may be; a policy is taken by the name by which it is answered too. */
export const RESTRICTIONS = {
  geo_restrictions: Type.Optional(Type.Union([Type.Null(), GeoRestrictions])),
  policy: Policy,
  policy_restrictions: Policy,
};

const CHANGES = {
  private_key: Type.Optional(Pem),
  bundle_method: Type.Optional(Type.Enum([...BUNDLE_METHODS])),
  deploy: Type.Optional(Type.Enum([...ENVIRONMENTS])),
  ...RESTRICTIONS,
  custom_csr_id: Type.Optional(Type.Union([Type.Null(), Type.String()])),
};

/** Body of an upload. */
export const UploadBody = Type.Object({
  certificate: Pem,
  ...CHANGES,
  type: Type.Optional(Type.Enum([...UPLOAD_TYPES])),
});
/** Body of a change. */
export const UploadPatch = Type.Optional(
  Type.Union([Type.Null(), Type.Object({ certificate: Type.Optional(Pem), ...CHANGES })]),
);
/** Body that sets which of several goes first. */
export const Priorities = Type.Object({
  certificates: Type.Array(
    Type.Object({
      id: Type.Optional(Type.String()),
      priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
    }),
    { maxItems: 1_000 },
  ),
});

/** A custom certificate. */
export const CustomCertificateReply = Type.Object({
  id: Type.String(),
  zone_id: Type.String(),
  hosts: Type.Array(Type.String()),
  issuer: Type.String(),
  signature: Type.String(),
  status: Type.Enum([...CUSTOM_STATUSES]),
  bundle_method: Type.Enum([...BUNDLE_METHODS]),
  priority: Type.Integer(),
  uploaded_on: Type.String({ format: 'date-time' }),
  modified_on: Type.String({ format: 'date-time' }),
  expires_on: Type.String({ format: 'date-time' }),
  type: Type.Enum([...UPLOAD_TYPES]),
  geo_restrictions: Type.Optional(GeoRestrictions),
  policy_restrictions: Type.Optional(Type.String()),
  custom_csr_id: Type.Optional(Type.String()),
  certificate_pack_id: Type.String(),
  deploy: Type.Enum([...ENVIRONMENTS]),
});

/** A custom certificate as it is answered. */
export const toCustomCertificateJson = (one: CustomCertificate) => ({
  id: one.id,
  zone_id: one.zoneId,
  hosts: [...one.hosts],
  issuer: one.issuer,
  signature: one.signature,
  status: customStatusOf(one.status),
  bundle_method: one.bundleMethod,
  priority: one.priority,
  uploaded_on: toWireTime(one.uploadedOn),
  modified_on: toWireTime(one.modifiedOn),
  expires_on: toWireTime(one.notAfter),
  type: one.type,
  ...restrictionFields(one.restriction),
  ...(one.csrId !== undefined && { custom_csr_id: one.csrId }),
  certificate_pack_id: one.packId,
  deploy: one.environment,
});

/** The request of ours that a body names; undefined: none. Throws `csr_invalid_id`, with a pointer. */
export const csrIn = ({ custom_csr_id: id }: Partial<Static<typeof UploadBody>>): string | undefined =>
  typeof id === 'string' ? csrId(id) : undefined;

/** Where a key may be; undefined: nothing is said of it. Throws `malformed_request`, with a pointer, for two at once or what is no policy. */
export function restrictionIn({
  geo_restrictions: geo,
  policy,
  policy_restrictions: answered,
}: Pick<Partial<Static<typeof UploadBody>>, keyof typeof RESTRICTIONS>): Restriction | undefined {
  const wanted = policy ?? answered ?? undefined;
  const label = geo?.label;
  if (wanted === undefined) return label && { label };
  if (label !== undefined)
    throw new Fault('malformed_request', 'geo_restrictions and policy cannot both be; send one of them', {
      pointer: '/policy',
    });
  parsePolicy(wanted);
  return { policy: wanted.trim() };
}

/** What of a body tells one request from another: restrictions in one piece. */
export const saidIn = (body: Parameters<typeof restrictionIn>[0]): object => {
  const { geo_restrictions: _, ...rest } = body;
  const restriction = restrictionIn(body);
  return { ...rest, ...(restriction && { restriction: JSON.stringify(restriction) }) };
};
