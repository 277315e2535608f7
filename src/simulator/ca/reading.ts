import { Refusal } from './problems.ts';

/** A JSON object that came from outside. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The JSON object in `bytes`. Throws `malformed`; `what` names it. */
export function readObject(bytes: Buffer, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Refusal('malformed', `${what} is not JSON`);
  }
  if (!isObject(value)) throw new Refusal('malformed', `${what} is not a JSON object`);
  return value;
}

/** A member that must be a string. Throws `malformed`. */
export function stringIn(object: JsonObject, member: string, what: string): string {
  const value = object[member];
  if (typeof value !== 'string') throw new Refusal('malformed', `${what} has no string "${member}"`);
  return value;
}

/** The bytes of base64url without padding (RFC 8555 6.1). Throws `malformed`. */
export function readBase64url(text: string, what: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new Refusal('malformed', `${what} is not base64url`);
  return bytes;
}
