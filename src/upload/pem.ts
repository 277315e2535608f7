/** PEM as people send it: with Windows line ends or none, with words and attributes between, escaped twice, or cut off. */
import type { Fault } from '../kit/fault.ts';

/** One block: what its label says it is, and what is in it. */
export interface PemBlock {
  readonly label: string;
  readonly der: Buffer;
  /** Whether it is encrypted in the old way, by lines at its head (RFC 1421). */
  readonly isEncrypted: boolean;
}

/** Makes the fault of a text, in words that go on after what the text is. */
export type Refuse = (why: string) => Fault;

/** Most blocks that are read of one text. */
const MOST_BLOCKS = 50;

const BEGIN = /-----BEGIN ([A-Z0-9 ]{1,40})-----/g;

/** The blocks of a text, in their order. Throws what `refuse` makes where a block is cut off, is no base64, or there are too many. */
export function readBlocks(text: string, refuse: Refuse): PemBlock[] {
  // JSON that was made by hand has line ends as two characters; no PEM has a backslash.
  const plain = text.replaceAll(/\\r|\r/g, '').replaceAll('\\n', '\n');
  const blocks: PemBlock[] = [];
  BEGIN.lastIndex = 0;
  for (let found = BEGIN.exec(plain); found; found = BEGIN.exec(plain)) {
    const [, label = ''] = found;
    const end = plain.indexOf(`-----END ${label}-----`, BEGIN.lastIndex);
    if (end < 0) throw refuse(`is cut off: its ${label} has no end`);
    if (blocks.length === MOST_BLOCKS) throw refuse(`has more than ${MOST_BLOCKS} blocks of PEM`);
    const { der, isEncrypted } = contentsOf(plain.slice(BEGIN.lastIndex, end), () =>
      refuse(`cannot be read: block ${blocks.length + 1}, ${label}, is no base64`),
    );
    blocks.push({ label, der, isEncrypted });
    BEGIN.lastIndex = end;
  }
  return blocks;
}

function contentsOf(body: string, refuse: () => Fault): Omit<PemBlock, 'label'> {
  const base64 = body.replaceAll(/^[ \t]*[\w-]+:.*$/gm, '').replaceAll(/\s/g, '');
  // Within a line: what may span lines is tried from each of them, and for a text of line ends alone that takes seconds.
  const isEncrypted = /^[ \t]*Proc-Type:[ \t]*4,[ \t]*ENCRYPTED/m.test(body);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw refuse();
  return { der: Buffer.from(base64, 'base64'), isEncrypted };
}

/** A block as it is stored: base64 in lines of 64 characters (RFC 7468). */
export const toPem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?!$)/g, '$&\n')}\n-----END ${label}-----\n`;
