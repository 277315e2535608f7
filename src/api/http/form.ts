import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../../kit/fault.ts';

/** Has routes of `app` take forms (multipart/form-data) beside JSON: their body is then a `FormData`. */
export function readForms(app: FastifyInstance): void {
  app.addContentTypeParser<Buffer>('multipart/form-data', { parseAs: 'buffer' }, parse);
}

async function parse({ headers }: FastifyRequest, body: Buffer): Promise<FormData> {
  try {
    const type = headers['content-type'] ?? '';
    return await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  } catch (cause) {
    throw new Fault('malformed_request', 'the body is no form as its Content-Type says', { cause });
  }
}

/** The text of a field that stands once in a form; undefined where it is absent. Throws `malformed_request` with a pointer. */
export async function textIn(form: FormData, name: string): Promise<string | undefined> {
  const [value, ...more] = form.getAll(name);
  if (more.length > 0) throw refuse(name, 'must be given once');
  if (value === undefined || typeof value === 'string') return value;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await value.arrayBuffer());
  } catch {
    throw refuse(name, 'is not in UTF-8');
  }
}

const refuse = (name: string, what: string): Fault =>
  new Fault('malformed_request', `${name} ${what}`, { pointer: `/${name}` });
