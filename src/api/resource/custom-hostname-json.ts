/** Custom hostnames as they are answered: their certificates are those of their pack, in the words of `ssl`. */
import type { Static } from 'typebox';
import {
  type CustomHostname,
  type FallbackOrigin,
  ownershipName,
  ownershipUrl,
} from '../../pack/custom-hostname.ts';
import { type toPackJson, toWireTime } from '../../pack/pack-json.ts';
import type { ShownHostname } from '../../store/custom-hostname-list.ts';
import type { HostnameReply, OriginReply } from './custom-hostname-schema.ts';

/** The JSON of a pack, as it is stored. */
type PackJson = Partial<ReturnType<typeof toPackJson>> &
  Pick<ReturnType<typeof toPackJson>, 'id' | 'hosts' | 'status' | 'certificates'>;

/** A hostname as it is answered. */
export const toHostnameJson = ({ hostname: one, pack }: ShownHostname): Static<typeof HostnameReply> => ({
  id: one.id,
  hostname: one.hostname,
  ...(pack && { ssl: sslOf(one, pack) }),
  status: one.status,
  created_at: toWireTime(one.createdOn),
  ownership_verification: { name: ownershipName(one.hostname), type: 'txt', value: one.token },
  ownership_verification_http: { http_url: ownershipUrl(one), http_body: one.token },
  verification_errors: [...one.errors],
  ...(one.metadata && { custom_metadata: { ...one.metadata } }),
  ...(one.originServer !== undefined && { custom_origin_server: one.originServer }),
  ...(one.originSni !== undefined && { custom_origin_sni: one.originSni }),
});

function sslOf(
  { bundleMethod, wildcard, settings }: CustomHostname,
  shown: NonNullable<ShownHostname['pack']>,
) {
  const pack: PackJson = JSON.parse(shown.json);
  const isManaged = shown.type === 'managed_hostname';
  const [primary] = pack.certificates;
  const fact = shown.issued.find(({ id }) => id === primary?.id);
  return {
    id: pack.id,
    status: pack.status,
    type: 'dv' as const,
    ...(isManaged && {
      method: pack.validation_method,
      certificate_authority: pack.certificate_authority,
      cloudflare_branding: pack.cloudflare_branding,
    }),
    bundle_method: bundleMethod,
    wildcard,
    settings: { ...settings },
    hosts: [...pack.hosts],
    validation_records: [...(pack.validation_records ?? [])],
    validation_errors: [...(pack.validation_errors ?? [])],
    dcv_delegation_records: isManaged ? [...(pack.dcv_delegation_records ?? [])] : [],
    ...(primary && {
      issuer: primary.issuer,
      signature: primary.signature,
      uploaded_on: primary.uploaded_on,
      expires_on: primary.expires_on,
    }),
    ...(fact && { serial_number: fact.serial }),
    certificates: pack.certificates.map((one) => certificateOf(one, shown)),
  };
}

function certificateOf(
  { id, hosts, issuer, signature, status, expires_on, uploaded_on }: PackJson['certificates'][number],
  { issued }: NonNullable<ShownHostname['pack']>,
) {
  const fact = issued.find((one) => one.id === id);
  return {
    id,
    hosts: [...hosts],
    issuer,
    signature,
    status,
    ...(fact && {
      serial_number: fact.serial,
      fingerprint_sha256: fact.fingerprint,
      issued_on: toWireTime(new Date(fact.issuedOn)),
    }),
    uploaded_on,
    expires_on,
  };
}

/** A fallback origin as it is answered. */
export const toOriginJson = (one: FallbackOrigin): Static<typeof OriginReply> => ({
  origin: one.origin,
  status: one.status,
  errors: [...one.errors],
  created_at: toWireTime(one.createdOn),
  updated_at: toWireTime(one.updatedOn),
});
