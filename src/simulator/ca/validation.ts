import { createHash } from 'node:crypto';
import type { LookedFor, Validate } from './context.ts';
import { Refusal } from './problems.ts';

/** The texts at a name; `failure` says why none could be had. */
export type LookUpTxt = (
  name: string,
) => Promise<{ readonly texts: readonly string[] } | { readonly failure: string }>;

/** The text at a URL, of the server that showed it; `failure` says in words why there is none. */
export type FetchFile = (
  url: string,
) => Promise<{ readonly text: string; readonly from: string } | { readonly failure: string }>;

/** Where a CA looks. */
export interface Sights {
  readonly lookUpTxt: LookUpTxt;
  readonly fetchFile: FetchFile;
}

/** Why control was not found, in the words in which public CAs tell it. */
interface Hindrance {
  readonly problem: 'dns' | 'unauthorized' | 'connection';
  readonly detail: string;
}

type Look = (sights: Sights, asked: Parameters<Validate>[0]) => Promise<Hindrance | undefined>;

const LOOKS: Readonly<Record<LookedFor, Look>> = {
  'dns-01': ({ lookUpTxt }, { name, keyAuthorization }) =>
    lookForTxt(
      lookUpTxt,
      `_acme-challenge.${name}`,
      createHash('sha256').update(keyAuthorization).digest('base64url'),
    ),
  'http-01': ({ fetchFile }, { name, token, keyAuthorization }) =>
    lookForFile(fetchFile, `http://${name}/.well-known/acme-challenge/${token}`, keyAuthorization),
};

/** Validates as a public CA does, by what can be seen there. */
export const validateBy =
  (sights: Sights): Validate =>
  async (asked) => {
    const hindrance = await LOOKS[asked.type](sights, asked);
    if (!hindrance) return undefined;
    const identifier = { type: 'dns', value: asked.name };
    return new Refusal(hindrance.problem, hindrance.detail, { identifier }).document;
  };

/** RFC 8555 8.4. */
async function lookForTxt(
  lookUpTxt: LookUpTxt,
  txtName: string,
  expected: string,
): Promise<Hindrance | undefined> {
  const seen = await lookUpTxt(txtName);
  if ('failure' in seen)
    return { problem: 'dns', detail: `DNS problem: ${seen.failure} looking up TXT for ${txtName}` };
  const [first, ...more] = seen.texts;
  if (first === undefined) return { problem: 'unauthorized', detail: `No TXT record found at ${txtName}` };
  if (seen.texts.includes(expected)) return undefined;
  const others = more.length > 0 ? ` (and ${more.length} more)` : '';
  const shown = JSON.stringify(first.slice(0, 100));
  return { problem: 'unauthorized', detail: `Incorrect TXT record ${shown}${others} found at ${txtName}` };
}

/** RFC 8555 8.3. */
async function lookForFile(
  fetchFile: FetchFile,
  url: string,
  expected: string,
): Promise<Hindrance | undefined> {
  const seen = await fetchFile(url);
  if ('failure' in seen) {
    const isAnswer = seen.failure.startsWith('Invalid response');
    return { problem: isAnswer ? 'unauthorized' : 'connection', detail: seen.failure };
  }
  if (seen.text.trimEnd() === expected) return undefined;
  const shown = JSON.stringify(seen.text.slice(0, 100));
  const sentence = `The key authorization file from the server did not match this challenge: ${shown} at ${url}`;
  return { problem: 'unauthorized', detail: `${sentence} [${seen.from}]` };
}
