/** How control of a host is shown: one row per method, and what is shown by it. Names are Cloudflare's `validation_method`. */
export const VALIDATION_METHODS = ['txt', 'http', 'email'] as const;
export type ValidationMethod = (typeof VALIDATION_METHODS)[number];

/** Challenges that are used: two of ACME (RFC 8555 8.3, 8.4), and one of ours, for which ACME has none. */
type Challenge = 'dns-01' | 'http-01' | 'x-email-01';

/** What a method means. */
export interface MethodRules {
  /** Challenge by which it goes, and its name in CAA records (RFC 8657 4). */
  readonly challenge: Challenge;
  /** Whether it shows control of all names below a host (BR 3.2.2.4.19: a file does not). */
  readonly provesWildcards: boolean;
  /** Whether a CNAME can lead to us what is to be shown. */
  readonly isDelegable: boolean;
  /** Whether every CA offers it; else its row says so. */
  readonly isUsual: boolean;
  /** Behind "it cannot be validated". */
  readonly how: string;
}

// biome-ignore format: a table is read by column
export const METHODS: Readonly<Record<ValidationMethod, MethodRules>> = {
  txt:   { challenge: 'dns-01',     provesWildcards: true,  isDelegable: true,  isUsual: true,  how: 'by a TXT record' },
  http:  { challenge: 'http-01',    provesWildcards: false, isDelegable: false, isUsual: true,  how: 'over HTTP' },
  email: { challenge: 'x-email-01', provesWildcards: true,  isDelegable: false, isUsual: false, how: 'by e-mail' },
};

/** What is shown by each method. */
interface Shown {
  /** A TXT record (RFC 8555 8.4). */
  readonly txt: { readonly txtName: string; readonly txtValue: string };
  /** A file that the host serves over plain HTTP (RFC 8555 8.3). */
  readonly http: { readonly httpUrl: string; readonly httpBody: string };
  /** The answer to a mail of the CA's to one of these addresses (BR 3.2.2.4.4, 3.2.2.4.13), asked for by this challenge token. */
  readonly email: { readonly emails: readonly string[]; readonly token: string };
}

/** What shows control of one name: by method `M`, or by any. */
export type ShownBy<M extends ValidationMethod = ValidationMethod> = {
  [K in M]: { readonly method: K } & Shown[K];
}[M];

/** One function for each method; a method without its function does not compile. */
export type ByMethod<T, More extends readonly unknown[] = []> = {
  readonly [K in ValidationMethod]: (shown: ShownBy<K>, ...more: More) => T;
};

/** What stands for a record where two are to be told apart. */
const MARKS: ByMethod<string> = {
  txt: ({ txtName, txtValue }) => `${txtName} ${txtValue}`,
  http: ({ httpUrl }) => httpUrl,
  email: ({ emails, token }) => [token, ...emails].join(' '),
};

/** Equal for records that show the same. */
export const markOf = <M extends ValidationMethod>(shown: ShownBy<M>): string => MARKS[shown.method](shown);
