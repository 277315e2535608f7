import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** Content codings that are offered, the preferred one first (RFC 9110 8.4.1). */
const CODINGS: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  br: (body) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: (body) => promisify(gzip)(body),
};

/** The coding to use for a request with that Accept-Encoding (RFC 9110 12.5.3); undefined: none. */
export function codingFor(accept: string | undefined): string | undefined {
  if (accept === undefined) return undefined;
  const wishes = new Map(accept.toLowerCase().split(',').map(toWish));
  return Object.keys(CODINGS).find((coding) => (wishes.get(coding) ?? wishes.get('*') ?? 0) > 0);
}

/** The body in a coding that `codingFor` named. */
export const encode = (body: Buffer, coding: string): Promise<Buffer> =>
  CODINGS[coding]?.(body) ?? Promise.resolve(body);

function toWish(text: string): [string, number] {
  const [coding = '', ...parameters] = text.split(';').map((part) => part.trim());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  return [coding, q === undefined ? 1 : Number(q.slice(2))];
}
