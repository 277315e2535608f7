/** What statuses mean, in words for people. */
import type { PackStatus, ZoneStatus } from '../pack/pack.ts';
import type { PackGroup } from '../pack/pack-group.ts';

/** How a status is coloured; its word is always there as well. */
export type Tone = 'good' | 'busy' | 'wait' | 'bad' | 'off';

interface StatusWords {
  readonly tone: Tone;
  /** Whose move it is, and what for. */
  readonly says: string;
}

// biome-ignore format: a table is read by column
export const PACK_WORDS: Readonly<Record<PackStatus, StatusWords>> = {
  initializing:           { tone: 'busy', says: 'The CA is asked what shows control of the hosts.' },
  pending_validation:     { tone: 'wait', says: 'Control of every host has to be seen: the records below have to be there.' },
  pending_issuance:       { tone: 'busy', says: 'The CA issues the certificates.' },
  pending_deployment:     { tone: 'busy', says: 'The edges are given the certificates, and have to show them.' },
  active:                 { tone: 'good', says: 'Every edge showed these certificates. They are renewed in time.' },
  staging_deployment:     { tone: 'busy', says: 'The staging edges are given the certificates, and have to show them.' },
  staging_active:         { tone: 'good', says: 'Every staging edge showed these certificates.' },
  holding_deployment:     { tone: 'wait', says: 'Issued; it goes to the edges when its zone is active and not paused.' },
  backup_issued:          { tone: 'good', says: 'It stands by for another pack, off the edges.' },
  deactivating:           { tone: 'busy', says: 'It is being taken off the edges, and kept.' },
  inactive:               { tone: 'off',  says: 'It is off the edges, and kept.' },
  pending_expiration:     { tone: 'bad',  says: 'It is served, and will not be renewed.' },
  expired:                { tone: 'bad',  says: 'Its certificates are over. It can be restarted.' },
  initializing_timed_out: { tone: 'bad',  says: 'The CA did not say in time what shows control. It can be restarted.' },
  validation_timed_out:   { tone: 'bad',  says: 'Control was not seen in time. It can be restarted.' },
  issuance_timed_out:     { tone: 'bad',  says: 'The CA did not issue in time. It can be restarted.' },
  deployment_timed_out:   { tone: 'bad',  says: 'Not every edge showed the certificates in time. It can be restarted.' },
  pending_deletion:       { tone: 'busy', says: 'It is being taken off the edges, and goes then.' },
  deletion_timed_out:     { tone: 'bad',  says: 'An edge did not let go of it in time; that is tried on.' },
  pending_cleanup:        { tone: 'busy', says: 'It is out of service; what is left of it is cleared away.' },
  deleted:                { tone: 'off',  says: 'It is deleted, and forgotten two minutes later.' },
};

// biome-ignore format: a table is read by column
export const ZONE_WORDS: Readonly<Record<ZoneStatus, StatusWords>> = {
  initializing: { tone: 'busy', says: 'It is looked at for the first time.' },
  pending:      { tone: 'wait', says: 'Control of it has to be shown before anything is ordered in it.' },
  active:       { tone: 'good', says: 'Control of it was shown.' },
  moved:        { tone: 'bad',  says: 'Control of it is not shown any more: what it says below has to be so again.' },
};

/** `pending_validation` as people read it. */
export const plain = (word: string): string => word.replaceAll('_', ' ');

const CA_NAMES: Readonly<Record<string, string>> = {
  google: 'Google Trust Services',
  lets_encrypt: 'Let’s Encrypt',
  ssl_com: 'SSL.com',
};

/** A CA by its own name. */
export const caName = (name: string | undefined): string =>
  name === undefined ? '–' : (CA_NAMES[name] ?? name);

/** `1 pack`, `2 packs`. */
export const count = (n: number, what: string): string =>
  `${n.toLocaleString('en')} ${n === 1 ? what : `${what}s`}`;

interface GroupWords {
  readonly name: string;
  readonly tone: Tone;
}

/** Groups that the first page counts packs in. */
// biome-ignore format: a table is read by column
export const GROUP_WORDS: Readonly<Record<PackGroup, GroupWords>> = {
  active:               { name: 'Active',                   tone: 'good' },
  waiting_for_customer: { name: 'Waiting for the customer', tone: 'wait' },
  waiting_for_ca:       { name: 'Waiting for a CA',         tone: 'busy' },
  waiting_for_us:       { name: 'Waiting for us',           tone: 'busy' },
  being_renewed:        { name: 'Being renewed',            tone: 'busy' },
  at_risk:              { name: 'At risk',                  tone: 'bad'  },
  expired:              { name: 'Expired',                  tone: 'bad'  },
};
