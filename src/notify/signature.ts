/** Signatures by which a receiver knows that a message is ours, and when it was sent: standardwebhooks.com, symmetric, `v1`. */
import { createHmac } from 'node:crypto';

/** What is signed. */
export interface Signed {
  readonly id: string;
  readonly sentOn: Date;
  /** The body of the request, byte for byte. */
  readonly body: string;
}

/** Headers of a request that is signed with a key as its owner was told it: `whsec_` and base64. */
export function signatureHeaders(key: string, { id, sentOn, body }: Signed): Record<string, string> {
  const timestamp = String(Math.floor(sentOn.getTime() / 1_000));
  const secret = Buffer.from(key.replace(/^whsec_/, ''), 'base64');
  const mac = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
}
