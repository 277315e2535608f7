/** What commands that are clients of the API have in common. */
import type { Command } from 'commander';
import type { ApiPlace } from './client.ts';
import { takesZoneNames } from './zone-name.ts';

/** Options of every command that is a client. */
export interface ClientOptions extends ApiPlace {
  readonly json?: boolean;
}

/** Adds these options. */
export const asClient = (command: Command): Command =>
  command
    .option('--api <url>', 'base URL of the API', 'http://127.0.0.1:8787/client/v4')
    .option('--json', 'print one line of JSON');

/** As `asClient`, for what is done in a zone. */
export const asZoneClient = (command: Command): Command =>
  takesZoneNames(asClient(command).requiredOption('--zone <zone>', 'name or id of the zone'));

/** Part of a path. */
export const part = encodeURIComponent;

/** Path of a zone's packs. */
export const packsOf = (zone: string): string => `/zones/${part(zone)}/ssl/certificate_packs`;

/** Fields of a pack that tables show. */
export const PACK_FIELDS = ['id', 'status', 'certificate_authority', 'validity_days', 'hosts', 'created_on'];
