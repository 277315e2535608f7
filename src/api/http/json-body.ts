import type { FastifyInstance } from 'fastify';
import { Fault } from '../../kit/fault.ts';

/**
 * Reads bodies of JSON as clients send them: in UTF-8, or in UTF-16 where a byte order mark says so; the mark is no part of
 * them. `Content-Type: application/json` with no body at all is an absent body, not a bad one.
 */
export function readJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const text = toText(Buffer.from(body));
    if (text === undefined) done(new Fault('body_not_json', 'the body is not in UTF-8', { pointer: '' }));
    else if (text === '') done(null, undefined);
    else void parse(request, text, (error, value) => done(error && notJson(error), value));
  });
}

/** A body without its byte order mark; undefined where its bytes are not what that says. */
function toText(body: Buffer): string | undefined {
  const [first, second] = body;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(body);
    // A second mark would be dropped by the parser.
    return text.startsWith('\ufeff') ? undefined : text;
  } catch {
    return undefined;
  }
}

const notJson = (cause: Error): Error => Object.assign(cause, { code: 'FST_ERR_CTP_INVALID_JSON_BODY' });
