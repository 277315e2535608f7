/** What can be done to many packs, in words. */
import type { BulkAction, BulkStatus } from '../../pack/bulk.ts';
import { accountId } from '../session.ts';
import type { Tone } from '../words.ts';

interface Doing {
  readonly name: string;
  readonly says: string;
  /** What whoever is about to do it should know. */
  readonly warns: string;
  /** What is to be typed, the number behind it, where it cannot be undone. */
  readonly phrase?: string;
}

export const DOINGS: Readonly<Record<BulkAction, Doing>> = {
  restart: {
    name: 'Restart',
    says: 'What timed out or expired begins anew, and what waits is looked at now.',
    warns: 'What is asked of the CAs goes by their limits: many packs take as long as these say.',
  },
  failover: {
    name: 'Fail over',
    says: 'Each pack and its backup change places on the edges. Packs without a backup are refused.',
    warns: 'The backups go to the edges. Each pack is taken off once every edge has shown its backup.',
  },
  revoke: {
    name: 'Revoke',
    says: 'Every certificate is revoked at its CA, and the packs are deleted.',
    warns:
      'The packs are taken off the edges and deleted: their hosts are not served by them any more. This cannot be undone.',
    phrase: 'revoke',
  },
};

/** RFC 5280 5.3.1, as far as a subscriber may give it. */
export const REASONS = [
  ['unspecified', 'none is given'],
  ['keyCompromise', 'a key was or may be known to others'],
  ['affiliationChanged', 'the organization is another'],
  ['superseded', 'others took their place'],
  ['cessationOfOperation', 'the names are not used any more'],
  ['privilegeWithdrawn', 'they should not have been issued'],
] as const;
export type Reason = (typeof REASONS)[number][0];

export const JOB_TONES: Readonly<Record<BulkStatus, Tone>> = {
  running: 'busy',
  cancelling: 'wait',
  cancelled: 'off',
  finished: 'good',
  stopped: 'bad',
};

/** Path of the jobs of the account. */
export const bulkPath = (): string => `/accounts/${accountId()}/ssl/certificate_packs/bulk`;
