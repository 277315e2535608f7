/** What packs that were uploaded are as custom certificates (Cloudflare, custom_certificates). */
import { isLeaving, isServed } from './lifecycle.ts';
import { PACK_STATUSES, type PackStatus, type PackType } from './pack.ts';

/** Types of packs that are uploaded as custom certificates. */
export const UPLOAD_TYPES = ['legacy_custom', 'sni_custom'] as const satisfies readonly PackType[];
export type UploadType = (typeof UPLOAD_TYPES)[number];

/** Longest text that is read of an upload, in characters. */
export const LONGEST_UPLOAD = 131_072;

export const CUSTOM_STATUSES = ['active', 'expired', 'deleted', 'pending', 'initializing'] as const;
export type CustomStatus = (typeof CUSTOM_STATUSES)[number];

const COMES: readonly PackStatus[] = ['initializing', 'pending_deployment', 'staging_deployment'];

/** A pack's status in the words of custom certificates: `initializing` goes on by itself, `pending` waits for somebody. */
export function customStatusOf(status: PackStatus): CustomStatus {
  if (isServed(status)) return 'active';
  if (isLeaving(status)) return 'deleted';
  if (status === 'expired') return 'expired';
  return COMES.includes(status) ? 'initializing' : 'pending';
}

/** Statuses of packs that a list of custom certificates shows; without a filter all that are not on their way out. */
export const statusesShown = (filter: CustomStatus | undefined): PackStatus[] =>
  PACK_STATUSES.filter((one) => (filter === undefined ? !isLeaving(one) : customStatusOf(one) === filter));
