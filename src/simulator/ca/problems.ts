/** Error types of RFC 8555 6.7, RFC 9773 7.4 and draft-aaron-acme-profiles, with the HTTP status of each. */
const PROBLEMS = {
  accountDoesNotExist: 400,
  alreadyReplaced: 409,
  alreadyRevoked: 400,
  badCSR: 400,
  badNonce: 400,
  badPublicKey: 400,
  badRevocationReason: 400,
  badSignatureAlgorithm: 400,
  caa: 403,
  compound: 400,
  connection: 400,
  dns: 400,
  externalAccountRequired: 403,
  incorrectResponse: 400,
  invalidContact: 400,
  invalidProfile: 400,
  malformed: 400,
  orderNotReady: 403,
  rateLimited: 429,
  rejectedIdentifier: 400,
  serverInternal: 500,
  tls: 400,
  unauthorized: 403,
  unsupportedContact: 400,
  unsupportedIdentifier: 400,
  userActionRequired: 403,
} as const;
/** The last part of a problem type. */
export type ProblemName = keyof typeof PROBLEMS;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant are known
export const PROBLEM_NAMES = Object.keys(PROBLEMS) as ProblemName[];

/** A problem document (RFC 7807) as it goes over the wire. */
export interface ProblemDocument {
  readonly type: string;
  readonly detail: string;
  readonly status: number;
  readonly identifier?: { readonly type: string; readonly value: string };
  readonly subproblems?: readonly ProblemDocument[];
  /** Signature algorithms that the server takes, with badSignatureAlgorithm (RFC 8555 6.2). */
  readonly algorithms?: readonly string[];
}

interface Details extends Pick<ProblemDocument, 'identifier' | 'subproblems' | 'algorithms'> {
  /** Where another HTTP status says more than the type's own. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that a CA refuses: it is the peer of the service here, and speaks RFC 8555's problems, not Faults. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly document: ProblemDocument;
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: ProblemName, detail: string, { status, headers = {}, ...more }: Details = {}) {
    super(detail);
    const type = `urn:ietf:params:acme:error:${problem}`;
    this.document = { type, detail, status: status ?? PROBLEMS[problem], ...more };
    this.headers = headers;
  }
}

/** What is told of any error: a refusal's own document, and nothing of an unforeseen one. */
export const refusalOf = (error: unknown): Refusal =>
  error instanceof Refusal ? error : new Refusal('serverInternal', 'the CA failed; try again');
