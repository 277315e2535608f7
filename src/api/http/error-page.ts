import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { FAULT_NAMES, FAULTS, type FaultName } from '../../kit/fault.ts';
import { bareOf } from './envelope.ts';

/** What each failure means to whoever meets it, and what to do. */
const MEANING: Readonly<Record<FaultName, string>> = {
  malformed_request: 'The request does not fit the API; `source.pointer` names the field or parameter.',
  body_not_json: 'The body cannot be read as JSON.',
  too_many_requests:
    'The account, or the address without a good token, made too many requests in five minutes; `Retry-After` says when to go on.',
  invalid_host: 'A host cannot be certified, or not in this zone; the message says why.',
  validity_not_offered: 'The CA does not issue for that many days; the message names those it does.',
  ca_not_configured: 'The operator of this service has not configured that CA.',
  method_not_offered: 'This service does not offer that validation method.',
  type_not_orderable: 'Only packs of type `advanced` are ordered; others come into being by themselves.',
  body_too_large: 'The body is larger than the service takes.',
  media_type_not_accepted: 'The body must be `application/json`.',
  invalid_object_id: 'An id in the path cannot be one.',
  no_such_route: 'There is no such operation.',
  method_not_allowed: 'The path exists, the method does not.',
  invalid_headers: 'A header is malformed.',
  invalid_auth_email: 'The header `X-Auth-Email` is malformed.',
  invalid_auth_key: 'The header `X-Auth-Key` is malformed.',
  missing_key: 'One of `X-Auth-Email` and `X-Auth-Key` came without the other.',
  unknown_key: 'No user has that address with that key.',
  not_authenticated: 'No credentials were sent.',
  invalid_token: 'The token is unknown here, or was revoked, switched off, or is over.',
  missing_permission:
    'The token lacks the permission that the message names, or may not be used from the caller’s address.',
  zone_not_found: 'There is no such zone in the account of the token.',
  quota_reached: 'The account has as much as it may have; the message says of what.',
  zone_exists: 'The account has a zone of that name already, or the name is not free for it.',
  invalid_zone_name: 'The name cannot be a zone.',
  zone_not_active:
    'Control of the zone was not shown, or is not any more: nothing is ordered for it. The message says what to publish.',
  zone_deactivated: 'The operator of this service deactivated the zone.',
  pack_not_found: 'There is no such certificate pack in the zone; deleted ones can be read for two minutes.',
  token_not_found: 'No token of the caller’s account has that id.',
  record_not_found: 'There is no such DNS record in the zone.',
  invalid_record: 'A DNS record cannot be so; the message says why, `source.pointer` names the field.',
  host_exists: 'A CNAME record stands alone at its name, which has other records.',
  cname_exists: 'The name has a CNAME record, beside which nothing stands.',
  non_ns_exists: 'NS records hand a name over to other servers: nothing else stands beside them.',
  ns_exists: 'The name has NS records, which hand it over to other servers: nothing else stands beside them.',
  record_exists: 'The zone has exactly that DNS record.',
  transition_refused: 'The pack is in a status in which that cannot be done.',
  no_backup: 'The pack has no backup, and is none: there is nothing to put in its place.',
  backup_not_ready:
    'What stands by for the pack has no good certificates now: not yet, or not any more; the message says which.',
  key_reused: 'The same Idempotency-Key came with another body.',
  pack_moved: 'The pack changed while the request was worked on: ask again.',
  dns_unreachable: 'The name servers of a host do not answer.',
  caa_forbids: 'CAA records of a host keep the CA from issuing; the message names the record to change.',
  ca_limited:
    'A limit that the CA publishes was reached, or it asked for patience; the message says when it goes on.',
  dns_update_refused: 'A name server does not take a validation record; the message says why.',
  ca_unreachable: 'The CA does not answer; it is tried again.',
  ca_refused: 'The CA refused; the message says why.',
  ca_wrong_answer: 'The CA answered outside its protocol; nothing of it is used.',
  edge_unreachable: 'An edge does not answer; it is tried again.',
  edge_wrong_certificate: 'An edge shows another certificate than it should.',
  database_unavailable: 'The database cannot be reached; `Retry-After` says when to try again.',
  key_sealed_elsewhere: 'A stored key was sealed with a key-encryption key that this process does not have.',
  configuration: 'The configuration of the service is at fault; its operator has to mend it.',
  internal: 'Something nobody foresaw; it is in the logs of the service.',
};

/** Route of the page with every error, its HTTP status and code, and what to do; `documentation_url` leads here. */
export function errorPageRoute(app: FastifyInstance): void {
  const schema = {
    operationId: 'errors',
    summary: 'What each error means, for people',
    isOpen: true,
    response: bareOf('text/html', Type.String()),
  };
  app.get('/docs/errors', { schema }, (_, reply) => reply.type('text/html; charset=utf-8').send(errorPage()));
}

function errorPage(): string {
  const rows = FAULT_NAMES.map((name) => ({ name, ...FAULTS[name] })).map(
    ({ name, status, code }) =>
      `<tr id="${name}"><td>${code}</td><td>${status}</td><td>${name}</td>` +
      `<td>${MEANING[name].replaceAll(/`([^`]+)`/g, '<code>$1</code>')}</td></tr>`,
  );
  const head = '<meta charset="utf-8"><title>certpacks: errors</title><h1>Errors</h1>';
  const table = `<table><tr><th>code</th><th>HTTP</th><th>name</th><th>meaning</th></tr>${rows.join('')}</table>`;
  return `<!doctype html>${head}${table}`;
}
