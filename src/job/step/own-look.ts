/** What we look for where no CA asks for anything: control is shown to us then, in the form in which it is shown to a CA. */
import { randomBytes } from 'node:crypto';
import { methodFor } from '../../ca/authorizations.ts';
import type { CaAuthorization, CaOrder } from '../../ca/ca.ts';
import { certificateNames } from '../../pack/branding.ts';
import { challengeName } from '../../pack/delegation.ts';
import { withoutWildcard } from '../../pack/hosts.ts';
import type { Pack } from '../../pack/pack.ts';
import type { ByMethod, ShownBy, ValidationMethod } from '../../pack/validation-method.ts';
import { NOWHERE } from '../../store/authorizations.ts';

/** Names of a pack for which a ready order has no authorization: the CA wants nothing shown of them. We do. */
export function missingFrom({ authorizations, url, ...how }: CaOrder, pack: Pack): CaAuthorization[] {
  const bases = new Set(authorizations.map(({ name }) => withoutWildcard(name)));
  const names = certificateNames(pack).filter((name) => !bases.has(withoutWildcard(name)));
  return names.map((name) => ({
    url: `${NOWHERE}${url} ${name}`,
    name,
    status: 'valid',
    challengeUrl: '',
    shown: NOTHING_SHOWN[methodFor(name, how)](name),
  }));
}

const NOTHING_SHOWN: { readonly [M in ValidationMethod]: (name: string) => ShownBy<M> } = {
  txt: (name) => ({ method: 'txt', txtName: challengeName(name), txtValue: '' }),
  http: (name) => ({ method: 'http', httpUrl: `http://${name}/.well-known/acme-challenge/`, httpBody: '' }),
  email: () => ({ method: 'email', emails: [], token: '' }),
};

const HAS_VALUE: ByMethod<boolean> = {
  txt: ({ txtValue }) => txtValue !== '',
  http: ({ httpBody }) => httpBody !== '',
  // Nothing could be in its place: who answers a mail answers the CA.
  email: () => true,
};
const newValue = (): string => randomBytes(32).toString('base64url');

/** In the form of RFC 8555 8.3 and 8.4. */
const WITH_OWN_VALUE: ByMethod<ShownBy> = {
  txt: (shown) => ({ ...shown, txtValue: newValue() }),
  http: ({ httpUrl, ...shown }) => {
    const token = newValue();
    return { ...shown, httpUrl: new URL(token, httpUrl).href, httpBody: `${token}.${newValue()}` };
  },
  email: (shown) => shown,
};
/** The same with a value of our own in place of what the CA wants, or wanted, to see. */
export const withOwnValue = <M extends ValidationMethod>(shown: ShownBy<M>): ShownBy =>
  WITH_OWN_VALUE[shown.method](shown);

const hasValue = <M extends ValidationMethod>(shown: ShownBy<M>): boolean => HAS_VALUE[shown.method](shown);

/** The same, with a value of our own where the CA does not say what it saw. */
export const withValue = (shown: ShownBy): ShownBy => (hasValue(shown) ? shown : withOwnValue(shown));
