/** Records as lines of a zone file, as Cloudflare exports them: names whole, attributes behind. */
import type { RecordTerms } from './record.ts';
import { quotedText } from './txt.ts';
import { attributesText } from './zone-file-attributes.ts';

/** A record as a line, without its end. */
export function recordLine(record: RecordTerms): string {
  const attributes = attributesText(record);
  const line = [whole(record.name), record.ttl, 'IN', record.type, rdataText(record)].join('\t');
  return attributes === '' ? line : `${line} ; ${attributes}`;
}

/** A name with its final dot. */
const whole = (name: string): string => (name === '.' ? name : `${name}.`);

function rdataText(record: RecordTerms): string {
  switch (record.type) {
    case 'MX':
      return `${record.priority} ${whole(record.content)}`;
    case 'SRV': {
      const { priority, weight, port, target } = record.data;
      return `${priority} ${weight} ${port} ${whole(target)}`;
    }
    case 'TXT':
      return quotedText(record.content);
    case 'CNAME':
    case 'NS':
      return whole(record.content);
    case 'A':
    case 'AAAA':
    case 'CAA':
    default:
      return record.content;
  }
}

/** What a zone file begins with. */
export interface FileHead {
  readonly zone: string;
  readonly nameServers: readonly string[];
  readonly now: Date;
}

/** Times of the SOA: refresh, retry, expire and minimum, in seconds. */
const TIMES = '3600 600 604800 1';

/** The zone's own SOA and NS, as our name servers answer them, for whoever reads the file otherwise than by importing it here. */
export function headLines({ zone, nameServers, now }: FileHead): string[] {
  const [primary = zone] = nameServers;
  const serial = Math.floor(now.getTime() / 1_000) >>> 0;
  return [
    ';;',
    `;; Domain:     ${whole(zone)}`,
    `;; Exported:   ${now.toISOString().slice(0, 19).replace('T', ' ')}`,
    ';;',
    '',
    ';; SOA Record',
    `${whole(zone)}\t3600\tIN\tSOA\t${whole(primary)} hostmaster.${whole(zone)} ${serial} ${TIMES}`,
    '',
    ';; NS Records',
    ...nameServers.map((server) => `${whole(zone)}\t3600\tIN\tNS\t${whole(server)}`),
  ];
}
