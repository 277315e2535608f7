/** Routes of tokens as they are described. */
import { Type } from 'typebox';
import { listOf, okOf } from '../http/envelope.ts';
import { PAGES, PageInfo, Query } from '../http/page.ts';
import { TokenReply } from './token-json.ts';
import { NewTokenBody, TokenBody } from './token-terms.ts';

/** A path by which the tokens of the caller's account are found. Cloudflare has two. */
export interface TokenPlace {
  readonly path: string;
  /** What Cloudflare's operationIds of it begin with, and the one that does not. */
  readonly prefix: string;
  readonly groups: string;
  /** Whether the path names the account. */
  readonly isOfAccount: boolean;
}

export const TOKEN_PLACES: readonly TokenPlace[] = [
  {
    path: '/user/tokens',
    prefix: 'user-api-tokens',
    groups: 'permission-groups-list-permission-groups',
    isOfAccount: false,
  },
  {
    path: '/accounts/:account_id/tokens',
    prefix: 'account-api-tokens',
    groups: 'account-api-tokens-list-permission-groups',
    isOfAccount: true,
  },
];

const Params = Type.Object({ token_id: Type.String() });
const Group = Type.Object({
  id: Type.String(),
  name: Type.String(),
  scopes: Type.Array(Type.String()),
  is_selectable: Type.Boolean(),
});

/** What each route of a place says of itself. */
export const tokenSchemas = (place: TokenPlace) => ({ ...schemasOfReads(place), ...schemasOfChanges(place) });

const schemasOfReads = ({ prefix, groups, isOfAccount }: TokenPlace) => ({
  verify: {
    operationId: `${prefix}-verify-token`,
    summary: 'Whether the caller’s token is good',
    response: okOf(Type.Object({ id: Type.String(), status: Type.String() })),
  },
  groups: {
    operationId: groups,
    summary: 'What can be granted',
    querystring: Query,
    parameters: { name: Type.String(), scope: Type.String() },
    response: okOf(Type.Array(Group)),
  },
  list: {
    operationId: `${prefix}-list-tokens`,
    summary: 'List tokens',
    querystring: Query,
    parameters: {
      ...PAGES,
      direction: Type.Enum(['asc', 'desc']),
      ...(isOfAccount && { include_expired: Type.Boolean() }),
    },
    response: listOf(TokenReply, PageInfo),
  },
  get: {
    operationId: `${prefix}-token-details`,
    summary: 'Get a token',
    params: Params,
    response: okOf(TokenReply),
  },
});

const schemasOfChanges = ({ prefix }: TokenPlace) => ({
  create: {
    operationId: `${prefix}-create-token`,
    summary: 'Make a token; its secret is in this answer alone',
    body: NewTokenBody,
    response: okOf(Type.Intersect([TokenReply, Type.Object({ value: Type.String() })])),
  },
  update: {
    operationId: `${prefix}-update-token`,
    summary: 'Change a token: what it may, from where, when, and whether it is on',
    params: Params,
    body: TokenBody,
    response: okOf(TokenReply),
  },
  delete: {
    operationId: `${prefix}-delete-token`,
    summary: 'Take a token away',
    params: Params,
    response: okOf(Type.Object({ id: Type.String() })),
  },
  roll: {
    operationId: `${prefix}-roll-token`,
    summary: 'Give a token another secret',
    params: Params,
    body: Type.Optional(Type.Union([Type.Null(), Type.Object({})])),
    response: okOf(Type.String()),
  },
});
