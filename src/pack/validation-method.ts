/** How control of a host is shown: one row per method, and what is shown by it. Names are Cloudflare's `validation_method`. */
export const VALIDATION_METHODS = ['txt', 'http', 'email'] as const;
export type ValidationMethod = (typeof VALIDATION_METHODS)[number];

/** Challenges of ACME that are used (RFC 8555 8.3, 8.4). */
type Challenge = 'dns-01' | 'http-01';

/** What a method means. */
export interface MethodRules {
  /** Challenge by which it goes; undefined: ACME has none, so no CA is asked for it. */
  readonly challenge: Challenge | undefined;
  /** Whether it shows control of all names below a host (BR 3.2.2.4.19: a file does not). */
  readonly provesWildcards: boolean;
  /** Whether a CNAME can lead to us what is to be shown. */
  readonly isDelegable: boolean;
  /** Behind "it cannot be validated". */
  readonly how: string;
}

// biome-ignore format: a table is read by column
export const METHODS: {
  readonly [M in ValidationMethod]: MethodRules & { readonly challenge: M extends ShownMethod ? Challenge : undefined };
} = {
  txt:   { challenge: 'dns-01',  provesWildcards: true,  isDelegable: true,  how: 'by a TXT record' },
  http:  { challenge: 'http-01', provesWildcards: false, isDelegable: false, how: 'over HTTP' },
  email: { challenge: undefined, provesWildcards: true,  isDelegable: false, how: 'by e-mail' },
};

/** What is shown by each method that a CA can be asked for. */
interface Shown {
  /** A TXT record (RFC 8555 8.4). */
  readonly txt: { readonly txtName: string; readonly txtValue: string };
  /** A file that the host serves over plain HTTP (RFC 8555 8.3). */
  readonly http: { readonly httpUrl: string; readonly httpBody: string };
}

/** Methods that a CA can be asked for. */
export type ShownMethod = keyof Shown;

/** What shows control of one name: by method `M`, or by any. */
export type ShownBy<M extends ShownMethod = ShownMethod> = { [K in M]: { readonly method: K } & Shown[K] }[M];

/** One function for each method; a method without its function does not compile. */
export type ByMethod<T, More extends readonly unknown[] = []> = {
  readonly [K in ShownMethod]: (shown: ShownBy<K>, ...more: More) => T;
};

/** What stands for a record where two are to be told apart. */
const MARKS: ByMethod<string> = {
  txt: ({ txtName, txtValue }) => `${txtName} ${txtValue}`,
  http: ({ httpUrl }) => httpUrl,
};

/** Equal for records that show the same. */
export const markOf = <M extends ShownMethod>(shown: ShownBy<M>): string => MARKS[shown.method](shown);

/** Whether a CA can be asked for a method. */
export const isShownMethod = (method: ValidationMethod): method is ShownMethod =>
  METHODS[method].challenge !== undefined;
