import type { Pack, PackZone } from '../pack/pack.ts';
import { delegatedName } from '../pack/pack-json.ts';
import type { ByMethod, ShownBy, ValidationMethod } from '../pack/validation-method.ts';
import type { RecordsToPublish } from '../store/published-records.ts';

/** Where a record is published: for which host, in whose zone, under which delegation zone ('' for none). */
interface Place {
  readonly host: string;
  readonly zone: PackZone;
  readonly delegationZone: string;
}

/**
 * What a pack still has to show, where our own DNS answers: in the zone itself when it is `full`, under the delegation
 * zone otherwise; files, at our edges.
 */
export function recordsToPublish(
  { zone, validationRecords }: Pick<Pack, 'zone' | 'validationRecords'>,
  delegationZone: string,
): RecordsToPublish {
  const pending = validationRecords.filter(({ status }) => status === 'pending');
  const all = pending.map((one) => published(one, { host: one.host, zone, delegationZone }));
  return { txt: all.flatMap(({ txt = [] }) => txt), files: all.flatMap(({ files = [] }) => files) };
}

const PUBLISHED: ByMethod<Partial<RecordsToPublish>, [Place]> = {
  txt: ({ txtName, txtValue }, { host, zone, delegationZone }) => {
    if (zone.type === 'full') return { txt: [{ name: txtName, value: txtValue }] };
    if (delegationZone === '') return {};
    return { txt: [{ name: delegatedName(host, zone.delegationUuid, delegationZone), value: txtValue }] };
  },
  http: ({ httpUrl, httpBody }) => {
    const { hostname, pathname } = new URL(httpUrl);
    return { files: [{ host: hostname, path: pathname, body: httpBody }] };
  },
  // The CA sends its mails itself.
  email: () => ({}),
};

const published = <M extends ValidationMethod>(shown: ShownBy<M>, place: Place): Partial<RecordsToPublish> =>
  PUBLISHED[shown.method](shown, place);
