/** What the routes of alerts share: where they are, and for whom. */
import { type FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Fault } from '../../../kit/fault.ts';
import { hasUnprintable } from '../../../kit/unprintable.ts';
import { type AlertResource, foundAlert } from '../../../operation/alert-event.ts';
import type { Mechanism } from '../../../store/alert-policies.ts';
import type { AlertKey } from '../../../store/alert-row.ts';
import { checkAccount, demandAll } from '../../http/auth.ts';
import { ok, toResultInfo } from '../../http/envelope.ts';
import { PAGES, type Query, readPage } from '../../http/page.ts';

export const [READ, WRITE] = ['Notifications Read', 'Notifications Write'] as const;

/** Where all of it is. */
export const ALERTING = '/accounts/:account_id/alerting/v3';
export const Account = Type.Object({ account_id: Type.String() });

/** The answer to what is made or changed. */
export const IdReply = Type.Object({ id: Type.String() });

/** Names of policies, webhooks, services. */
export const Name = Type.String({ minLength: 1, maxLength: 250 });

/** Throws `malformed_request` for a name that nobody could read. */
export function checkName(name: string, pointer = '/name'): string {
  if (!hasUnprintable(name)) return name;
  throw malformed(pointer, 'has a character that cannot be seen');
}

/** The refusal of a field. */
export const malformed = (pointer: string, why: string): Fault =>
  new Fault('malformed_request', `${pointer.slice(1).replaceAll('/', '.')} ${why}`, { pointer });

type Asked = FastifyRequest<{ Params: { account_id: string } }>;

/** The account of a request. Throws as `checkAccount` and `demandAll`. */
export function accountOf(request: Asked, permission: typeof READ | typeof WRITE): string {
  const { account_id: accountId } = request.params;
  checkAccount(request.token, request, accountId, permission);
  demandAll(request.token, permission);
  return accountId;
}

/** An id as it is kept: ids of alerts are written with dashes, too. */
export const toId = (text: string): string => text.replaceAll('-', '').toLowerCase();

/** The key of what a path names. Throws `alert_not_found` for what is no id. */
export function keyOf(accountId: string, resource: AlertResource, text: string): AlertKey {
  const id = toId(text);
  return { accountId, id: foundAlert(resource, /^[0-9a-f]{32}$/.test(id) ? id : undefined) };
}

/** Parameters of lists that are short: all of it comes at once, unless a page is asked for. */
export const SHORT_PAGES = { page: PAGES.page, per_page: PAGES.per_page };

/** The answer of such a list. Throws as `readPage`. */
export function okPage<T>(items: readonly T[], query: Query) {
  const isAsked = query['page'] !== undefined || query['per_page'] !== undefined;
  const pages = isAsked ? readPage(query) : { page: 1, perPage: Math.max(1, items.length) };
  const shown = items.slice((pages.page - 1) * pages.perPage, pages.page * pages.perPage);
  const info = toResultInfo({ ...pages, count: shown.length, total: items.length });
  return { ...ok(shown), result_info: info };
}

/** Kinds of channels as Cloudflare's history calls them. */
export const mechanismType = (mechanism: Mechanism): string =>
  mechanism === 'webhooks' ? 'webhook' : mechanism;
