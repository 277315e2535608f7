/**
 * How a pack looks on the wire: the one function that renders it, for the list, get, order, patch and the
 * row in the store alike. Field names and order follow Cloudflare's ssl/certificate_packs.
 */
import { challengeName, delegationsOf } from './delegation.ts';
import { isServed } from './lifecycle.ts';
import type { Certificate, Pack, PackStatus, ValidationRecord } from './pack.ts';
import { type Restriction, restrictionOf } from './region.ts';
import { isSucceeded } from './renewal.ts';
import { TYPES } from './type.ts';
import type { ByMethod, ShownBy, ValidationMethod } from './validation-method.ts';

/** Raised with every change of `toReply`: rows rendered by an older one are rendered again. */
export const JSON_VERSION = 2;

/** Zone under which this installation answers delegated validation, e.g. `dcv.example.net`; '' for none. */
export interface JsonContext {
  readonly delegationZone: string;
}

/** The wire JSON of a pack, as a plain object. */
export function toPackJson(pack: Pack, { delegationZone }: JsonContext) {
  const primary = primaryOf(pack);
  return {
    id: pack.id,
    type: pack.type,
    hosts: [...pack.hosts],
    status: pack.status,
    ...(primary && { primary_certificate: primary.id }),
    certificates: [
      ...pack.certificates.map((one) => toCertificateReply(one, pack, certificateStatus(pack.status))),
      ...coming(pack).map((one) => toCertificateReply(one, pack, COMING[pack.environment])),
    ],
    ...(pack.certificateAuthority && { certificate_authority: pack.certificateAuthority }),
    ...(pack.validationMethod && { validation_method: pack.validationMethod }),
    ...(pack.validityDays && { validity_days: pack.validityDays }),
    validation_records: pack.validationRecords.filter(({ isOurs }) => !isOurs).map(toRecordReply),
    validation_errors: pack.validationErrors.map((message) => ({ message })),
    dcv_delegation_records: delegationRecords(pack, delegationZone),
    cloudflare_branding: pack.isBranded,
    ...(pack.pair && { [PAIRED[pack.pair.role]]: pack.pair.other }),
    created_on: toWireTime(pack.createdOn),
  };
}

/** What tells of the other of a pack and its backup. */
const PAIRED = { ordered: 'backup_pack', backup: 'backup_of' } as const;

/** ECDSA where there is one; a pack of one certificate has that. */
const primaryOf = ({ type, certificates }: Pack): Certificate | undefined =>
  certificates.find(({ algorithm }) => algorithm === 'ecdsa') ??
  (TYPES[type].source === 'upload' ? certificates[0] : undefined);

/** Certificates of a renewal, which edges are being given beside those that they serve. */
const coming = (pack: Pack): readonly Certificate[] =>
  isServed(pack.status) && isSucceeded(pack) ? (pack.renewal?.run?.certificates ?? []) : [];

const COMING = { production: 'pending_deployment', staging: 'staging_deployment' } as const;

function toCertificateReply(certificate: Certificate, pack: Pack, status: string) {
  return {
    id: certificate.id,
    hosts: [...certificate.hosts],
    issuer: certificate.issuer,
    signature: certificate.signature,
    status,
    bundle_method: pack.upload?.bundleMethod ?? 'ubiquitous',
    ...(pack.upload && { priority: pack.upload.priority }),
    ...restrictionFields(restrictionOf(pack)),
    zone_id: pack.zone.id,
    uploaded_on: toWireTime(certificate.uploadedOn),
    modified_on: toWireTime(certificate.modifiedOn),
    expires_on: toWireTime(certificate.notAfter),
  };
}

/** Where a key may be, as Cloudflare's answers say it: a policy is sent by one name and answered by another. */
export function restrictionFields(restriction: Restriction | undefined) {
  if (!restriction) return {};
  return 'label' in restriction
    ? { geo_restrictions: { label: restriction.label } }
    : { policy_restrictions: restriction.policy };
}

/** A certificate that is served is `active`, also where its pack will not be renewed. */
const certificateStatus = (status: PackStatus): string =>
  status === 'pending_expiration' ? 'active' : status;

/** Fields of a record beside its status. */
interface RecordFields {
  readonly txt_name?: string;
  readonly txt_value?: string;
  readonly http_url?: string;
  readonly http_body?: string;
  readonly emails?: readonly string[];
}

const RECORD_FIELDS: ByMethod<RecordFields> = {
  txt: ({ txtName, txtValue }) => ({ txt_name: txtName, txt_value: txtValue }),
  http: ({ httpUrl, httpBody }) => ({ http_url: httpUrl, http_body: httpBody }),
  email: ({ emails }) => ({ emails: [...emails] }),
};

const toRecordReply = (record: ValidationRecord) => ({ status: record.status, ...fieldsOf(record) });

const fieldsOf = <M extends ValidationMethod>(shown: ShownBy<M>): RecordFields =>
  RECORD_FIELDS[shown.method](shown);

/** The CNAMEs that delegate validation to us, and whether they were seen; none where our DNS serves. */
export const delegationRecords = (pack: Pack, delegationZone: string) =>
  delegationsOf(pack, delegationZone).map(({ name, target }) => ({
    status: pack.delegations.includes(target) ? 'active' : 'pending',
    cname: challengeName(name),
    cname_target: target,
  }));

/** RFC 3339 in UTC with microseconds, as Cloudflare writes instants. */
export const toWireTime = (instant: Date): string => instant.toISOString().replace('Z', '000Z');
