/** Paths of the API that several views ask. */
import { part } from './client.ts';

export const zonePath = (zoneId: string): string => `/zones/${part(zoneId)}`;

export const packPath = (zoneId: string, packId: string): string =>
  `${zonePath(zoneId)}/ssl/certificate_packs/${part(packId)}`;
