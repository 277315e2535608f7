import {
  AUTOMATIC_TTL,
  type CaaParts,
  type RecordContent,
  type RecordTerms,
  type SrvParts,
} from './record.ts';
import { txtStrings } from './txt.ts';

/** What our name servers answer of a record. Names have no final dot. */
export type Rdata =
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'NS'; readonly data: string }
  | { readonly type: 'MX'; readonly data: { readonly preference: number; readonly exchange: string } }
  | { readonly type: 'TXT'; readonly data: Buffer[] }
  | { readonly type: 'CAA'; readonly data: CaaParts }
  | { readonly type: 'SRV'; readonly data: SrvParts };

/** A record in that form. */
export function rdataOf(record: RecordContent): Rdata {
  switch (record.type) {
    case 'TXT':
      return { type: 'TXT', data: txtStrings(record.content) };
    case 'MX':
      return { type: 'MX', data: { preference: record.priority, exchange: record.content } };
    case 'CAA':
      return { type: 'CAA', data: record.data };
    case 'SRV':
      return { type: 'SRV', data: record.data };
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'NS':
    default:
      return { type: record.type, data: record.content };
  }
}

/** How long a record may be kept, in seconds. */
export const lifeOf = ({ ttl }: Pick<RecordTerms, 'ttl'>): number => (ttl === 1 ? AUTOMATIC_TTL : ttl);

/** What two records that say the same have in common: at one name there is one of them. */
export const sameness = (record: RecordContent): string => {
  const { data } = rdataOf(record);
  // How a text is cut into strings makes no difference to who reads it.
  return `${record.type} ${Array.isArray(data) ? Buffer.concat(data).toString('base64') : JSON.stringify(data)}`;
};
