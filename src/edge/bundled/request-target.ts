import type { IncomingMessage } from 'node:http';
import { toHostName } from './host-name.ts';

/** What a request of plain HTTP asks for. */
export interface RequestTarget {
  /** As certificates are looked up by: lower-case, without port and final dot. */
  readonly name: string;
  /** From its first slash to the question mark, as it was sent. */
  readonly path: string;
  /** The question mark and what follows; empty where there is none. */
  readonly query: string;
}

/**
 * The target of a request (RFC 9112 3.2): its host from the one field `Host`, or from the target where that is
 * a whole URL. Undefined where no host name is asked, several are, or the target is not to be read.
 */
export function targetOf({
  url = '',
  headersDistinct,
}: Pick<IncomingMessage, 'url' | 'headersDistinct'>): RequestTarget | undefined {
  const { host: [host = '', ...others] = [] } = headersDistinct;
  if (others.length > 0) return undefined;
  return url.startsWith('/') ? toTarget(host, url) : inWhole(url, host);
}

/** The target that is a whole URL. The field has to be one all the same, and is then of no account. */
function inWhole(url: string, host: string): RequestTarget | undefined {
  const [, authority, rest = ''] = /^http:\/\/([^/?#]*)([^]*)$/i.exec(url) ?? [];
  if (authority === undefined || !/^[\w.~:[\]%!$&'()*+,;=-]*$/.test(host)) return undefined;
  return toTarget(authority, rest.startsWith('/') ? rest : `/${rest}`);
}

function toTarget(authority: string, pathAndQuery: string): RequestTarget | undefined {
  const [, host = '', port = ''] = /^([^:]*)(?::(\d{0,5}))?$/.exec(authority) ?? [];
  const name = toHostName(host);
  if (name === undefined || Number(port) > 65_535) return undefined;
  const end = pathAndQuery.indexOf('?');
  const path = end < 0 ? pathAndQuery : pathAndQuery.slice(0, end);
  return { name, path, query: pathAndQuery.slice(path.length) };
}

/**
 * The same place at https. What RFC 3986 (3.3, 3.4) has no room for is percent-encoded, as browsers send some of it raw:
 * nobody who reads the URL can take a part of the path for a host.
 */
export const atHttps = ({ name, path, query }: RequestTarget): string =>
  `https://${name}${encoded(path)}${query === '' ? '' : `?${encoded(query.slice(1), '?')}`}`;

const encoded = (text: string, more = ''): string =>
  text.replace(/%(?![0-9a-f]{2})|[^\w.~!$&'()*+,;=:@/%-]/gi, (char) =>
    char === more ? char : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
