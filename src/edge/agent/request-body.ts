import type { ServerHttp2Stream } from 'node:http2';
import { Fault } from '../../kit/fault.ts';
import { BOUNDS } from './protocol.ts';

const LATE_MS = 20_000;

/** Reads the JSON that an agent sent, within the bounds of the protocol, and checks it. Throws `malformed_request`, `body_too_large`. */
export async function readBody<T>(
  stream: ServerHttp2Stream,
  shape: { Check(value: unknown): value is T },
): Promise<T> {
  const late = setTimeout(() => stream.destroy(new Error('late')), LATE_MS);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk);
      length += bytes.length;
      if (length > BOUNDS.line) throw new Fault('body_too_large', `a body has ${BOUNDS.line} bytes at most`);
      chunks.push(bytes);
    }
  } finally {
    clearTimeout(late);
  }
  const value = valueIn(Buffer.concat(chunks).toString());
  if (shape.Check(value)) return value;
  throw new Fault(
    'malformed_request',
    'the body is not as the protocol has it: is the agent of another version?',
  );
}

function valueIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
