import { LRUCache } from 'lru-cache';
import type { RequestIp } from '../pack/client-address.ts';
import { PERMISSIONS, type Policy } from '../pack/permission.ts';

/** What a bearer token allows. */
export interface Token {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly policies: readonly Policy[];
  /** Undefined: from anywhere. */
  readonly requestIp?: RequestIp | undefined;
}

/** When a token is good, where it comes from, and what became of it. */
export interface TokenRecord extends Token {
  readonly createdOn: Date;
  readonly modifiedOn: Date;
  readonly notBefore?: Date | undefined;
  readonly expiresOn?: Date | undefined;
  /** To a minute; undefined: never. */
  readonly lastUsedOn?: Date | undefined;
  readonly isDisabled: boolean;
  /** Whether the token that made it is disabled or held, or may no longer all that this one may. */
  readonly isHeld: boolean;
  /** Id of the token that made it; undefined: the operator did. */
  readonly madeBy?: string | undefined;
}

/** What can be said of a token when it is made or changed. */
export type TokenTerms = Omit<Token, 'id'> &
  Partial<Pick<TokenRecord, 'notBefore' | 'expiresOn' | 'isDisabled' | 'isHeld'>>;

export type NewToken = TokenTerms & Pick<Partial<TokenRecord>, 'madeBy'>;

/** A row of tokens, as far as it says what a token allows. */
export interface TokenRow {
  id: string;
  account_id: string;
  name: string;
  policies: string;
  request_ip: string | null;
}

/** The same with all else that is told of a token. */
export interface TokenRecordRow extends TokenRow {
  created_on: Date;
  modified_on: Date | null;
  not_before: Date | null;
  expires_on: Date | null;
  last_used_on: Date | null;
  is_disabled: boolean;
  is_held: boolean;
  made_by: string | null;
}

/** The columns of a TokenRow, in this order. */
export const TOKEN_COLUMNS =
  'tokens.id, tokens.account_id, tokens.name, tokens.policies::text, tokens.request_ip::text';

/** The columns of a TokenRecordRow. */
export const TOKEN_RECORD_COLUMNS = `${TOKEN_COLUMNS}, tokens.created_on, tokens.modified_on, tokens.not_before, tokens.expires_on,
  tokens.last_used_on, tokens.is_disabled, tokens.is_held, tokens.made_by`;

/** The token of a row. */
export const toToken = (row: TokenRow): Token => ({
  id: row.id,
  accountId: row.account_id,
  name: row.name,
  policies: toPolicies(row.policies),
  ...(row.request_ip !== null && { requestIp: toRequestIp(row.request_ip) }),
});

/** Policies of busy tokens are not parsed anew for each request. */
const PARSED = new LRUCache<string, readonly Policy[]>({
  max: 1_000,
  maxSize: 2 ** 22,
  sizeCalculation: (_, text) => text.length,
});

function toPolicies(text: string): readonly Policy[] {
  const known = PARSED.get(text);
  if (known) return known;
  const stored: Policy[] = JSON.parse(text);
  // What this version does not know gives nothing.
  const policies = stored.map((one) => ({
    ...one,
    permissions: one.permissions.filter((name) => Object.hasOwn(PERMISSIONS, name)),
  }));
  PARSED.set(text, policies);
  return policies;
}

function toRequestIp(text: string): RequestIp {
  const condition: RequestIp = JSON.parse(text);
  return condition;
}

/** The same with all else that is told of it. */
export const toTokenRecord = (row: TokenRecordRow): TokenRecord => ({
  ...toToken(row),
  createdOn: row.created_on,
  modifiedOn: row.modified_on ?? row.created_on,
  notBefore: row.not_before ?? undefined,
  expiresOn: row.expires_on ?? undefined,
  lastUsedOn: row.last_used_on ?? undefined,
  isDisabled: row.is_disabled,
  isHeld: row.is_held,
  madeBy: row.made_by ?? undefined,
});
