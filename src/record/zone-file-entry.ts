/** Zone files (RFC 1035 5.1) cut into entries: directives and records, each with its words. */
import { Fault } from '../kit/fault.ts';

/** A word of an entry. */
export interface Word {
  /** As it is written, escapes included, without quotation marks around. */
  readonly text: string;
  readonly isQuoted: boolean;
}

/** A directive or a record. */
export interface Entry {
  /** The line that it begins in, from 1. */
  readonly line: number;
  /** Whether that line begins with a blank: the record is of the same name as the last one. */
  readonly isIndented: boolean;
  readonly words: readonly Word[];
  /** What stands behind it on its last line, without the semicolon; '' for nothing. */
  readonly comment: string;
}

/** Longest line, in characters, and most words of one entry: no record that is taken has more. */
const MOST_IN_LINE = 65_536;
const MOST_WORDS = 2_500;

/** A blank, a comment, a parenthesis, a quoted word, a bare one. An escape is `\DDD`, a byte, or `\` before what is no digit. */
const ESCAPE = String.raw`\\(?:[01]\d\d|2[0-4]\d|25[0-5]|\D)`;
const PIECE = new RegExp(
  String.raw`[ \t]+|;(.*)|[()]|"((?:[^"\\]|${ESCAPE})*)"|((?:[^ \t;()"\\]|${ESCAPE})+)`,
  'suy',
);

/** An entry that is being read; `depth` is how many parentheses are open. */
interface Draft {
  line: number;
  isIndented: boolean;
  words: Word[];
  comment: string;
  depth: number;
}

/** The entries of a zone file. Throws `invalid_record` with the line of what cannot be read. */
export function* entriesOf(text: string): Generator<Entry> {
  let draft: Draft | undefined;
  let line = 0;
  // A byte order mark is no part of the text.
  for (const written of linesOf(text.replace(/^\ufeff/, ''))) {
    line += 1;
    draft ??= { line, isIndented: /^[ \t]/.test(written), words: [], comment: '', depth: 0 };
    readLine(written, line, draft);
    if (draft.depth > 0) continue;
    if (draft.words.length > 0) yield draft;
    draft = undefined;
  }
  if (draft) throw badLine(draft.line, 'opens a parenthesis that is never closed');
}

/** Lines without their ends. */
function* linesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    yield line.endsWith('\r') ? line.slice(0, -1) : line;
    at = end < 0 ? text.length : end + 1;
  }
}

/** Adds what stands in a line to an entry. */
function readLine(written: string, line: number, draft: Draft): void {
  if (written.length > MOST_IN_LINE) throw badLine(line, `is longer than ${MOST_IN_LINE} characters`);
  // oxlint-disable-next-line no-control-regex -- what no zone file has
  if (/[\0-\x08\x0a-\x1f\x7f\ufffd]/.test(written)) throw badLine(line, 'has a character that is no text');
  draft.comment = '';
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < written.length) {
    const at = PIECE.lastIndex;
    const piece = PIECE.exec(written);
    if (!piece) throw badLine(line, whyNot(written.charAt(at)));
    addPiece(piece, line, draft);
  }
}

function addPiece([whole, ...rest]: RegExpExecArray, line: number, draft: Draft): void {
  const [comment, quoted, bare] = rest;
  if (comment !== undefined) draft.comment = comment;
  else if (whole === '(') draft.depth += 1;
  else if (whole === ')') draft.depth -= 1;
  else if (quoted !== undefined || bare !== undefined)
    draft.words.push({ text: quoted ?? bare ?? '', isQuoted: quoted !== undefined });
  if (draft.depth < 0) throw badLine(line, 'closes a parenthesis that was not opened');
  if (draft.words.length > MOST_WORDS)
    throw badLine(line, `belongs to an entry of more than ${MOST_WORDS} words`);
}

const whyNot = (character: string): string =>
  character === '"'
    ? 'has a quotation mark that is not closed in it'
    : 'has a backslash that begins no escape: \\DDD up to \\255, or \\ before what is no digit';

/** The fault of a line of a zone file. */
const badLine = (line: number, what: string): Fault =>
  new Fault('invalid_record', `line ${line} ${what}`, { pointer: '/file' });

/** What goes wrong in `work` is told with the line that it is about. */
export function atLine<T>(line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.fault, `line ${line}: ${error.message}`, { pointer: '/file' });
  }
}
