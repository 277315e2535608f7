import type { Answer, CaContext } from './context.ts';
import { Refusal } from './problems.ts';
import { PROFILES } from './profiles.ts';
import { renewalInfo } from './renewal.ts';

/** What is read without a signature. Throws `Refusal`. */
export function readPublic(ca: CaContext, method: string, target: string, newNonce: () => string): Answer {
  if (target === '/directory') return { status: 200, body: directoryOf(ca) };
  if (target === '/acme/new-nonce')
    return { status: method === 'HEAD' ? 200 : 204, headers: { 'replay-nonce': newNonce() } };
  if (target === '/terms')
    return { status: 200, body: { terms: 'These certificates are for trials. No browser trusts them.' } };
  const [, renewalId] = /^\/acme\/renewal-info\/([\w.-]{3,200})$/.exec(target) ?? [];
  if (renewalId !== undefined) return renewalInfo(ca, renewalId);
  if (target.startsWith('/acme/')) throw methodNotAllowed('POST');
  throw new Refusal('malformed', 'there is no such resource', { status: 404 });
}

/** A resource is not asked by this method. */
export const methodNotAllowed = (allow: string): Refusal =>
  new Refusal('malformed', `this resource takes ${allow}`, { status: 405, headers: { allow } });

/** RFC 8555 7.1.1. */
function directoryOf(ca: CaContext) {
  const url = (path: string) => ca.url(path);
  const { terms } = ca;
  return {
    newNonce: url('/acme/new-nonce'),
    newAccount: url('/acme/new-account'),
    newOrder: url('/acme/new-order'),
    revokeCert: url('/acme/revoke-cert'),
    keyChange: url('/acme/key-change'),
    renewalInfo: url('/acme/renewal-info'),
    meta: {
      termsOfService: url('/terms'),
      website: url('/terms'),
      caaIdentities: [terms.caaIdentity],
      externalAccountRequired: terms.demandsBinding,
      profiles: Object.fromEntries(Object.entries(PROFILES).map(([name, { says }]) => [name, says])),
    },
  };
}
