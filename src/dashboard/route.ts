/** Which view is shown, by what is behind the `#` of the address: `#/zones/ID?name=x`. */
import { signal } from '@preact/signals';

export interface Route {
  /** Parts of the path, decoded. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

export type Query = Readonly<Record<string, string | undefined>>;

function read(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  const parts = path.split('/').filter((part) => part !== '');
  return { parts: parts.map(decoded), query: new URLSearchParams(query) };
}

/** What cannot be decoded stays as it is: it will not be found. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = signal(read());

addEventListener('hashchange', () => {
  route.value = read();
});

/** Address of a view. Of the query what is empty is left out. */
export function href(parts: readonly string[], query: Query = {}): string {
  const given = Object.entries(query).filter((one): one is [string, string] => Boolean(one[1]));
  const search = given.length > 0 ? `?${String(new URLSearchParams(given))}` : '';
  return `#/${parts.map((part) => encodeURIComponent(part)).join('/')}${search}`;
}

/** Shows a view. */
export function go(parts: readonly string[], query: Query = {}): void {
  location.hash = href(parts, query);
}

/** Takes what is behind the `#` out of the address bar and out of the history: it was a secret. */
export function forgetAddress(): void {
  history.replaceState(null, '', location.pathname);
  route.value = read();
}
