import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';
import type { RecordPlace } from '../../record/terms.ts';
import type { Zone } from '../../store/zone-row.ts';
import type { ApiDeps } from '../deps.ts';
import { zoneOf } from '../http/auth.ts';

/** The zone of a request that writes into it. */
export function zoneToWrite(request: FastifyRequest, zoneId: string): Zone {
  const zone = zoneOf(request, zoneId, 'DNS Write');
  if (zone.type === 'full') return zone;
  const sentence = `${zone.name} is a zone of type partial: its DNS is answered elsewhere, and its records are made there`;
  throw new Fault('invalid_record', sentence, { pointer: '/zone_id' });
}

/** Where records of a zone are to be. */
export const placeOf = (
  { publicAddresses }: Pick<ApiDeps, 'publicAddresses'>,
  { name }: Zone,
): RecordPlace => ({
  zone: name,
  hasPublicAddresses: publicAddresses.length > 0,
});
