/** What a request says of a record, made into what the record is to be. */
import { hasUnprintable } from '../kit/unprintable.ts';
import { type GivenContent, toContent } from './content.ts';
import { refuse, toRecordName } from './names.ts';
import { isProxiable, RESERVED_TAG, type RecordTerms, type RecordType } from './record.ts';

/** A record as a request has it. */
export interface GivenRecord extends GivenContent {
  readonly type: RecordType;
  readonly name: string;
  readonly ttl?: number | undefined;
  readonly proxied?: boolean | undefined;
  readonly comment?: string | null | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** Where a record is to be, and whether this installation has addresses that names can be answered with. */
export interface RecordPlace {
  readonly zone: string;
  readonly hasPublicAddresses: boolean;
}

/** Throws `invalid_record` with a pointer. */
export function toTerms(given: GivenRecord, { zone, hasPublicAddresses }: RecordPlace): RecordTerms {
  const { type, ttl = 1, proxied: isProxied = false, tags = [] } = given;
  if (isProxied) checkProxied(type, hasPublicAddresses);
  checkTtl(ttl);
  return {
    ...toContent(type, given),
    name: toRecordName(given.name, zone),
    // How long a name of ours may be kept is ours to say.
    ttl: isProxied ? 1 : ttl,
    isProxied,
    comment: toComment(given.comment),
    tags: toTags(tags),
  };
}

function checkTtl(ttl: number): void {
  if (ttl === 1 || (Number.isInteger(ttl) && ttl >= 60 && ttl <= 86_400)) return;
  throw refuse('/ttl', `is ${ttl}; it must be 1 for automatic, or 60 to 86400 seconds`);
}

/** An empty one is none. */
function toComment(text: string | null | undefined): string | undefined {
  if (text?.includes('\0')) throw refuse('/comment', 'has a NUL character');
  return text === null || text === '' ? undefined : text;
}

function checkProxied(type: RecordType, hasPublicAddresses: boolean): void {
  if (!isProxiable(type)) throw refuse('/proxied', `cannot be true for a record of type ${type}`);
  if (hasPublicAddresses) return;
  throw refuse(
    '/proxied',
    'cannot be true: this installation has told no addresses of its edges (option public_addresses)',
  );
}

const MOST_TAGS = 20;

/** `name` or `name:value`, each name once. */
function toTags(tags: readonly string[]): readonly string[] {
  if (tags.length > MOST_TAGS) throw refuse('/tags', `are ${tags.length}; a record has ${MOST_TAGS} at most`);
  for (const [i, tag] of tags.entries()) {
    if (!/^[\w-]{1,32}(?::.{0,100})?$/u.test(tag) || hasUnprintable(tag))
      throw refuse(
        `/tags/${i}`,
        'must be name:value, the name of 32 letters, digits, _ and - at most, the value of 100',
      );
    if (tag.startsWith(RESERVED_TAG))
      throw refuse(`/tags/${i}`, `begins with ${RESERVED_TAG}, which is reserved`);
  }
  return [...new Set(tags)];
}

/** A record as a request would have it: what a change of some of its fields begins with. */
const toGiven = (record: RecordTerms): GivenRecord => ({
  type: record.type,
  name: record.name,
  content: record.content,
  data: 'data' in record ? { ...record.data } : undefined,
  priority: 'priority' in record ? record.priority : undefined,
  ttl: record.ttl,
  proxied: record.isProxied,
  comment: record.comment,
  tags: record.tags,
});

/** A record with some of its fields changed. Content in another form, or of another type, takes the place of what there was. */
export function patched(record: RecordTerms, patch: Partial<GivenRecord>): GivenRecord {
  const { content, data, priority, ...rest } = toGiven(record);
  const isOther = patch.type !== undefined && patch.type !== record.type;
  const isSaid = patch.content !== undefined || patch.data !== undefined;
  const kept = isOther || isSaid ? {} : { content, data };
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  return { ...rest, ...kept, ...(isOther ? {} : { priority }), ...given };
}
