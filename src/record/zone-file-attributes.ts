/** What Cloudflare writes of a record behind it in zone files: its comment, its tags, whether it is proxied. */
import { refuse } from './names.ts';
import { isProxiable, MOST_COMMENT, RESERVED_TAG, type RecordTerms } from './record.ts';

const MARK = 'cf_tags=';

interface Attributes {
  readonly comment: string | undefined;
  readonly tags: readonly string[];
  /** Undefined: nothing is said. */
  readonly isProxied: boolean | undefined;
}

/** Attributes from a comment of a zone file. Throws `invalid_record`. */
export function toAttributes(text: string): Attributes {
  const at = text.lastIndexOf(MARK);
  const comment = (at < 0 ? text : text.slice(0, at)).trim();
  if (comment.length > MOST_COMMENT)
    throw refuse('/comment', `has ${comment.length} characters; a record's has ${MOST_COMMENT} at most`);
  const tags = at < 0 ? [] : tagsIn(text.slice(at + MARK.length).trim());
  const proxied = tags.findLast((tag) => /^cf-proxied(?::|$)/.test(tag));
  return {
    comment: comment === '' ? undefined : comment,
    // Others of Cloudflare's own say what has no meaning here.
    tags: tags.filter((tag) => !tag.startsWith(RESERVED_TAG)),
    isProxied: proxied === undefined ? undefined : isTrue(proxied),
  };
}

function isTrue(tag: string): boolean {
  if (tag === 'cf-proxied:true') return true;
  if (tag === 'cf-proxied:false') return false;
  throw refuse(
    '/comment',
    `has the tag ${JSON.stringify(tag.slice(0, 64))}; it is cf-proxied:true or cf-proxied:false`,
  );
}

/** A name, and perhaps a value: bare, or as a JSON string. */
const TAG = /\s*([^",:=\\\s]+)(?:(:)(?:("(?:[^"\\]|\\.)*")|([^",=\\]*)))?(?:,|$)/uy;

function tagsIn(text: string): string[] {
  const tags: string[] = [];
  TAG.lastIndex = 0;
  while (TAG.lastIndex < text.length) {
    const [, name = '', colon = '', quoted, bare = ''] = TAG.exec(text) ?? [];
    const value = quoted === undefined ? bare.trimEnd() : unquoted(quoted);
    if (name === '' || value === undefined)
      throw refuse('/comment', `has tags that cannot be read behind ${MARK}`);
    tags.push(`${name}${colon}${value}`);
  }
  return tags;
}

function unquoted(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The same of a record, as the comment of a zone file; '' for nothing. */
export function attributesText({ comment = '', tags, type, isProxied }: RecordTerms): string {
  const own = tags.filter((tag) => !tag.startsWith(RESERVED_TAG)).map(tagText);
  const all = [...own, ...(isProxiable(type) ? [`${RESERVED_TAG}proxied:${isProxied}`] : [])];
  // A line of its own would be a record.
  const words = comment.replaceAll(/[\p{Cc}\u2028\u2029\ufffd]+/gu, ' ').trim();
  const isMarked = all.length > 0 || words.includes(MARK);
  return [words, isMarked ? `${MARK}${all.join(',')}` : ''].filter((part) => part !== '').join(' ');
}

function tagText(tag: string): string {
  const [name = ''] = tag.split(':', 1);
  const value = tag.slice(name.length + 1);
  // What is marked by `=` could be taken for the beginning of the tags.
  if (/["=,\\]|^\s|\s$/u.test(value)) return `${name}:${JSON.stringify(value).replaceAll('=', '\\u003d')}`;
  return tag;
}
