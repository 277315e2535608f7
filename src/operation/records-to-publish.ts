import { delegatedName } from '../pack/delegation.ts';
import type { Pack, ValidationRecord } from '../pack/pack.ts';
import { isAnsweredHere } from '../pack/type.ts';
import type { ByMethod, ShownBy, ValidationMethod } from '../pack/validation-method.ts';
import type { RecordsToPublish } from '../store/published-records.ts';

/** Where a record is published: for which host, in whose zone, under which delegation zone ('' for none). */
interface Place extends Pick<ValidationRecord, 'host'> {
  readonly isOurs: boolean;
  readonly pack: Pick<Pack, 'type' | 'zone'>;
  readonly delegationZone: string;
}

/**
 * What a pack still has to show, where our own DNS answers: in the zone itself when it is `full`, under the delegation
 * zone otherwise, below the branding domain; files, at our edges.
 */
export function recordsToPublish(
  pack: Pick<Pack, 'type' | 'zone' | 'validationRecords'>,
  delegationZone: string,
): RecordsToPublish {
  const pending = pack.validationRecords.filter(({ status }) => status === 'pending');
  const all = pending.map((one) =>
    published(one, { host: one.host, isOurs: one.isOurs ?? false, pack, delegationZone }),
  );
  return { txt: all.flatMap(({ txt = [] }) => txt), files: all.flatMap(({ files = [] }) => files) };
}

const PUBLISHED: ByMethod<Partial<RecordsToPublish>, [Place]> = {
  txt: ({ txtName, txtValue }, { host, isOurs, pack, delegationZone }) => {
    if (isAnsweredHere(pack) || isOurs) return { txt: [{ name: txtName, value: txtValue }] };
    if (delegationZone === '') return {};
    return {
      txt: [{ name: delegatedName(host, pack.zone.delegationUuid, delegationZone), value: txtValue }],
    };
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
