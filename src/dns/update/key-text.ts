/** TSIG keys as tools print them and servers are configured with them. */

/** What a text says of a key; what it does not say is left out. */
export interface KeyText {
  readonly name?: string;
  readonly algorithm?: string;
  /** Base64 without white space, or whatever stands in its place. */
  readonly secret: string;
}

/**
 * The keys in a text: one secret in base64, broken into lines or not; statements `key` of BIND with all that may stand
 * around them (`tsig-keygen`, `ddns-confgen`); Knot's list of keys (`keymgr -t`); or `algorithm:name:secret`, as `nsupdate
 * -y` and `kdig -y` take it. None where it is nothing of these. Never throws.
 */
export function keysIn(text: string): readonly KeyText[] {
  const secret = unquoted(text);
  if (BASE64.test(secret)) return [{ secret }];
  const [, algorithm, name, inOne] = /^\s*(?:([\w.-]+):)?([\w.-]+):([A-Za-z0-9+/\s]+=*)\s*$/.exec(text) ?? [];
  if (name !== undefined && inOne !== undefined)
    return [{ name, ...given({ algorithm }), secret: unquoted(inOne) }];
  const statements = keyStatements(text);
  return statements.length > 0 ? statements : knotKeys(text);
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

const unquoted = (text: string): string => text.replace(/[\s\ufeff"']+/g, '');

/** What is there of optional fields. */
const given = ({ algorithm }: { readonly algorithm: string | undefined }) =>
  algorithm === undefined ? {} : { algorithm: unquoted(algorithm) };

/** Strings, comments, punctuation and words of `named.conf`. */
const TOKEN = /"[^"]*"|\/\*[^]*?\*\/|(?:\/\/|#)[^\n]*|[{};]|[^\s{};"]+/g;

function keyStatements(text: string): KeyText[] {
  const words = (text.match(TOKEN) ?? []).filter((token) => !/^(?:\/\*|\/\/|#)/.test(token));
  return words.flatMap((word, at) => {
    if (word !== 'key' || words[at + 2] !== '{') return [];
    const end = words.indexOf('}', at);
    const inside = words.slice(at + 3, end < 0 ? undefined : end);
    const after = (field: string) => inside[inside.indexOf(field) + 1];
    const [name = '', secret = ''] = [words[at + 1], inside.includes('secret') ? after('secret') : ''];
    const algorithm = inside.includes('algorithm') ? after('algorithm') : undefined;
    return [{ name: unquoted(name), ...given({ algorithm }), secret: unquoted(secret) }];
  });
}

function knotKeys(text: string): KeyText[] {
  const items = text.split(/^\s*-\s*(?=id:)/m).slice(1);
  return items.map((item) => {
    const field = (name: string) => new RegExp(`^\\s*${name}:\\s*(.+?)\\s*$`, 'm').exec(item)?.[1];
    const [name = '', secret = ''] = [field('id'), field('secret')];
    return { name: unquoted(name), ...given({ algorithm: field('algorithm') }), secret: unquoted(secret) };
  });
}
