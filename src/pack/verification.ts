/** How far the validation of packs is, in the words of Cloudflare's ssl/verification. */
import { challengeName, delegationsOf } from './delegation.ts';
import type { Pack, PackStatus, ValidationRecord } from './pack.ts';
import type { JsonContext } from './pack-json.ts';
import type { ByMethod, ShownBy, ValidationMethod } from './validation-method.ts';

export const VERIFICATION_STATUSES = [
  'initializing',
  'authorizing',
  'active',
  'expired',
  'issuing',
  'timing_out',
  'pending_deployment',
] as const;
export type VerificationStatus = (typeof VERIFICATION_STATUSES)[number];

/** The seven words for our statuses; undefined: such a pack is neither on its way nor served, and is not shown. */
export const VERIFICATION: Readonly<Record<PackStatus, VerificationStatus | undefined>> = {
  initializing: 'initializing',
  pending_validation: 'authorizing',
  pending_issuance: 'issuing',
  pending_deployment: 'pending_deployment',
  staging_deployment: 'pending_deployment',
  holding_deployment: 'pending_deployment',
  backup_issued: 'pending_deployment',
  active: 'active',
  staging_active: 'active',
  pending_expiration: 'active',
  deactivating: 'active',
  expired: 'expired',
  initializing_timed_out: 'timing_out',
  validation_timed_out: 'timing_out',
  issuance_timed_out: 'timing_out',
  deployment_timed_out: 'timing_out',
  inactive: undefined,
  pending_deletion: undefined,
  deletion_timed_out: undefined,
  pending_cleanup: undefined,
  deleted: undefined,
};

/** What is told of a pack. */
export interface Verified
  extends Pick<
    Pack,
    'id' | 'type' | 'zone' | 'hosts' | 'status' | 'validationMethod' | 'isDelegated' | 'delegations'
  > {
  /** The first that is not shown yet; the first of all where all are. */
  readonly record: ValidationRecord | undefined;
  /** Whether all are shown; undefined: what is to be shown is not known. */
  readonly isShown: boolean | undefined;
  /** Of the primary certificate. */
  readonly signature: string | undefined;
}

/** One element of Cloudflare's list; undefined for a pack that is not in it. */
export function toVerification(pack: Verified, context: JsonContext) {
  const status = VERIFICATION[pack.status];
  const { validationMethod: method, signature } = pack;
  if (status === undefined) return undefined;
  const { info, isShown } = shownOf(pack, context);
  return {
    certificate_status: status,
    brand_check: false,
    cert_pack_uuid: pack.id,
    ...(signature !== undefined && { signature }),
    ...(method && { validation_method: methodName(pack, method) }),
    ...(info && { verification_info: info }),
    ...(isShown !== undefined && { verification_status: isShown }),
    ...(method && { verification_type: TYPE[method] }),
  };
}

const methodName = (
  { isDelegated }: Pick<Verified, 'isDelegated'>,
  method: ValidationMethod,
): ValidationMethod | 'cname' => (isDelegated ? 'cname' : method);

/** There are two words for it: what stands in DNS, and what the host itself shows. */
const TYPE = { txt: 'cname', http: 'meta tag', email: 'meta tag' } as const;

interface Info {
  readonly record_name: string;
  readonly record_target: string;
}

/** What a mail asks for is a person's answer: there is no record of it. */
const INFO: ByMethod<Info | undefined> = {
  txt: ({ txtName, txtValue }) => ({ record_name: txtName, record_target: txtValue }),
  http: ({ httpUrl, httpBody }) => ({ record_name: httpUrl, record_target: httpBody }),
  email: () => undefined,
};

const shownInfo = <M extends ValidationMethod>(shown: ShownBy<M>): Info | undefined =>
  INFO[shown.method](shown);

/** What is to be shown, and whether it is; where a CNAME is to lead to us, that one: it is known before the CA asks for anything. */
function shownOf(
  pack: Verified,
  { delegationZone }: JsonContext,
): { readonly info: Info | undefined; readonly isShown: boolean | undefined } {
  const { record, isShown, isDelegated, delegations } = pack;
  const wanted = isDelegated ? delegationsOf(pack, delegationZone) : [];
  const open = wanted.find(({ target }) => !delegations.includes(target));
  const asked = (isShown ? undefined : open) ?? wanted[0];
  if (!asked) return { info: record && shownInfo(record), isShown };
  const info = { record_name: challengeName(asked.name), record_target: asked.target };
  return { info, isShown: isShown === true || open === undefined };
}
