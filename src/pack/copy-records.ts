/** DNS records as their owner can copy them: field by field, or as a line of a zone file. */
import type { Pack } from './pack.ts';
import { delegationRecords, type JsonContext } from './pack-json.ts';
import { isAnsweredHere } from './type.ts';
import { isByText, verificationName } from './zone-life.ts';

/** What a record is for: control of a host, validation by a CNAME to us in place of that, control of the zone. */
export type Purpose = 'validation' | 'delegation' | 'zone';

/** A record to create. Names have no final dot, but in `line`. */
export interface CopyRecord {
  readonly purpose: Purpose;
  readonly type: 'TXT' | 'CNAME' | 'NS';
  readonly name: string;
  readonly value: string;
  /** In seconds. */
  readonly ttl: number;
  /** The same as a line of a zone file (RFC 1035 5.1). */
  readonly line: string;
}

/** What shows control of a zone. */
export interface ZoneControl {
  /** Where it is to be delegated to. */
  readonly nameServers: readonly string[];
  readonly verificationKey: string;
  readonly wantsText: boolean;
}

/** Short: what is wrong can be put right soon. Delegations live longer. */
const [TTL, DELEGATION_TTL] = [300, 86_400];

function recordOf(purpose: Purpose, type: CopyRecord['type'], name: string, value: string): CopyRecord {
  const ttl = type === 'NS' ? DELEGATION_TTL : TTL;
  const data = type === 'TXT' ? `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"` : `${value}.`;
  return { purpose, type, name, value, ttl, line: `${name}. ${ttl} IN ${type} ${data}` };
}

/** Records that are still to be seen of a pack whose DNS is elsewhere: the TXT records, or the CNAMEs in their place. */
export function validationRecords(pack: Pack, context: JsonContext): CopyRecord[] {
  if (isAnsweredHere(pack)) return [];
  const texts = pack.validationRecords.flatMap((one) =>
    one.method === 'txt' && one.status !== 'valid' && !pack.isDelegated && !one.isOurs
      ? [recordOf('validation', 'TXT', one.txtName, one.txtValue)]
      : [],
  );
  const names = delegationRecords(pack, context.delegationZone).map(({ cname, cname_target: target }) =>
    recordOf('delegation', 'CNAME', cname, target),
  );
  return [...texts, ...names];
}

/** A file that a host is to show over plain HTTP: its whole text. */
export interface CopyFile {
  readonly url: string;
  readonly body: string;
}

/** Files that are still to be seen of a pack's hosts. */
export const validationFiles = ({ validationRecords: records }: Pack): CopyFile[] =>
  records.flatMap((one) =>
    one.method === 'http' && one.status !== 'valid' ? [{ url: one.httpUrl, body: one.httpBody }] : [],
  );

/** Records that show control of a pack's zone: its TXT record, or its name servers, which stand in its parent. */
export function zoneRecords({ zone }: Pack, control: ZoneControl): CopyRecord[] {
  const text = isByText({ type: zone.type, wantsText: control.wantsText })
    ? [recordOf('zone', 'TXT', verificationName(zone.name), control.verificationKey)]
    : [];
  const servers = zone.type === 'full' ? control.nameServers : [];
  return [...text, ...servers.map((server) => recordOf('zone', 'NS', zone.name, server))];
}
