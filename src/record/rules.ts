/** Which records may stand beside each other. */
import { Fault } from '../kit/fault.ts';
import { sameness } from './rdata.ts';
import type { RecordTerms, RecordZone, ZoneRecord } from './record.ts';
import { txtStrings } from './txt.ts';

/** Most records of one name: an answer with all of one type fits a message. */
const MOST_AT_NAME = 100;
/** Most bytes of a name's TXT records together, as at Cloudflare. */
const MOST_TXT = 8_192;

/** Throws `invalid_record` where a record cannot be in the zone, whatever else there is. */
export function checkPlace({ name, type, isProxied }: RecordTerms, zone: RecordZone): void {
  if (type === 'NS' && name === zone.name)
    throw refused('/name', `NS records of ${zone.name} itself are this installation's own`);
  if (type === 'NS' && name.startsWith('*.')) throw refused('/name', 'a wildcard cannot be delegated');
  if (type === 'CNAME' && name === zone.name && !isProxied)
    throw refused(
      '/type',
      `${name} is a zone, which has records of its own: a CNAME there has to be proxied`,
    );
}

/**
 * Throws `record_exists`, `host_exists`, `cname_exists`, `ns_exists`, `non_ns_exists` or `invalid_record` where a record cannot
 * stand beside others of its name.
 */
export function checkBeside(record: RecordTerms, others: readonly ZoneRecord[]): void {
  const { type } = record;
  const same = sameness(record);
  if (others.some((one) => sameness(one) === same))
    throw new Fault('record_exists', `an identical record already exists: ${type} ${record.name}`, AT_NAME);
  if (type === 'CNAME' && others.length > 0) throw besideCname(others);
  if (others.some((one) => one.type === 'CNAME'))
    throw new Fault('cname_exists', `a CNAME record with that host already exists: ${record.name}`, AT_NAME);
  checkDelegation(record, others);
  checkSizes(record, others);
}

const AT_NAME = { pointer: '/name' };

const besideCname = (others: readonly ZoneRecord[]): Fault => {
  const types = [...new Set(others.map(({ type }) => type))].join(', ');
  const sentence = `${others[0]?.name} has ${types} already, and a CNAME stands alone at its name`;
  return new Fault('host_exists', sentence, AT_NAME);
};

/** What stands beside NS records of a name below the zone is not this zone's any more. */
function checkDelegation({ type, name }: RecordTerms, others: readonly ZoneRecord[]): void {
  const isDelegated = others.some((one) => one.type === 'NS');
  if (type !== 'NS' && isDelegated)
    throw new Fault('ns_exists', `NS records with that host already exist: ${name}`, AT_NAME);
  if (type === 'NS' && others.some((one) => one.type !== 'NS'))
    throw new Fault('non_ns_exists', `non-NS records with that host already exist: ${name}`, AT_NAME);
}

function checkSizes(record: RecordTerms, others: readonly ZoneRecord[]): void {
  if (others.length >= MOST_AT_NAME)
    throw refused('/name', `${record.name} has ${others.length} records, and one name has no more`);
  const texts = [record, ...others].filter(({ type }) => type === 'TXT');
  const bytes = texts
    .flatMap(({ content }) => txtStrings(content))
    .reduce((sum, { length }) => sum + length, 0);
  if (record.type === 'TXT' && bytes > MOST_TXT)
    throw refused(
      '/content',
      `TXT records of one name have ${MOST_TXT} bytes together, these would have ${bytes}`,
    );
}

const refused = (pointer: string, sentence: string): Fault =>
  new Fault('invalid_record', sentence, { pointer });
