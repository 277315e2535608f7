import type { Pack, TxtValidation } from '../pack/pack.ts';
import { delegatedName } from '../pack/pack-json.ts';
import type { RecordsToPublish } from '../store/published-records.ts';

/**
 * What a pack still has to show, where our own DNS answers: in the zone itself when it is `full`, under the delegation
 * zone otherwise; files, at our edges.
 */
export function recordsToPublish(
  { zone, validationRecords }: Pick<Pack, 'zone' | 'validationRecords'>,
  delegationZone: string,
): RecordsToPublish {
  const pending = validationRecords.filter(({ status }) => status === 'pending');
  const isAnswered = zone.type === 'full' || delegationZone !== '';
  const place = ({ host, txtName }: TxtValidation) =>
    zone.type === 'full' ? txtName : delegatedName(host, zone.delegationUuid, delegationZone);
  return {
    txt: pending.flatMap((one) =>
      'txtName' in one && isAnswered ? [{ name: place(one), value: one.txtValue }] : [],
    ),
    files: pending.flatMap((one) =>
      'httpUrl' in one ? [{ ...toFilePlace(one.httpUrl), body: one.httpBody }] : [],
    ),
  };
}

function toFilePlace(url: string): { readonly host: string; readonly path: string } {
  const { hostname, pathname } = new URL(url);
  return { host: hostname, path: pathname };
}
