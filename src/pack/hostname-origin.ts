/** Where clients of a custom hostname are sent. Pure. */

/** As edges are given it. */
export interface HostnameOrigin {
  /** In A-labels. */
  readonly name: string;
  /** What TLS with it asks for and is shown a certificate of; absent: the name that the client asked for. */
  readonly sni?: string;
  /** Addresses, or one name to look up; none: it cannot be reached. */
  readonly at: readonly string[];
}

/** Most addresses of an origin that edges are given. */
export const MOST_ORIGIN_ADDRESSES = 16;

/** The SNI that says that it is the name of each request. */
export const AS_REQUESTED = ':request_host_header:';

/** The SNI by which an origin is asked: its own name unless its hostname says otherwise. */
export const sniOf = (name: string, said: string | undefined): Pick<HostnameOrigin, 'sni'> =>
  said === AS_REQUESTED ? {} : { sni: said ?? name };
