/** What a request to a CA can be about, in the words of RFC 8555 7.1 and RFC 9773 4.1. */
export const REQUEST_KINDS = [
  'directory',
  'new-nonce',
  'new-account',
  'account',
  'new-order',
  'order',
  'finalize',
  'authorization',
  'challenge',
  'certificate',
  'revoke-cert',
  'key-change',
  'renewal-info',
  'other',
] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** Resources that are of a kind with another name. */
const KIND_OF: ReadonlyMap<string, RequestKind> = new Map([
  ['order/finalize', 'finalize'],
  ['account/orders', 'account'],
  ['http-challenge', 'challenge'],
  ['email-challenge', 'challenge'],
]);

/** What the path of a request is about, whatever comes of it. */
export function kindOf(path: string): RequestKind {
  if (path === '/directory') return 'directory';
  const [, prefix, resource = '', , ...rest] = path.split('/');
  const name = [resource, ...rest].join('/');
  const kind = KIND_OF.get(name) ?? REQUEST_KINDS.find((one) => one === name);
  return (prefix === 'acme' && kind) || 'other';
}
