import type { HostnameStatus, OriginStatus } from '../../pack/custom-hostname.ts';
import { part } from '../api/client.ts';
import { zonePath } from '../api/paths.ts';
import type { Tone } from '../words.ts';

/** Address of a zone's custom hostnames. */
export const hostnamesPath = (zoneId: string): string => `${zonePath(zoneId)}/custom_hostnames`;
export const hostnamePath = (zoneId: string, id: string): string => `${hostnamesPath(zoneId)}/${part(id)}`;

interface Words {
  readonly tone: Tone;
  readonly says: string;
}

/** Those that there are here. */
// biome-ignore format: a table is read by column
export const HOSTNAME_WORDS: Readonly<Partial<Record<HostnameStatus, Words>>> = {
  pending:            { tone: 'wait', says: 'Control of it has to be shown.' },
  active:             { tone: 'good', says: 'Control of it is shown.' },
  active_redeploying: { tone: 'busy', says: 'Control of it is shown; other certificates are on their way to the edges.' },
  moved:              { tone: 'bad',  says: 'Another has shown control of it since, or nobody does any more.' },
  pending_blocked:    { tone: 'bad',  says: 'The operator keeps the name for others.' },
  blocked:            { tone: 'bad',  says: 'The operator came to keep the name for others.' },
  pending_deletion:   { tone: 'busy', says: 'It is being taken off the edges, and goes then.' },
  deleted:            { tone: 'off',  says: 'It is deleted, and forgotten two minutes later.' },
};

export const toneOf = (status: HostnameStatus): Tone => HOSTNAME_WORDS[status]?.tone ?? 'off';

export const ORIGIN_TONES: Readonly<Record<OriginStatus, Tone>> = {
  initializing: 'busy',
  pending_deployment: 'wait',
  pending_deletion: 'busy',
  active: 'good',
  deployment_timed_out: 'bad',
  deletion_timed_out: 'bad',
};
