import { Fault } from '../kit/fault.ts';
import type { Actor, AuditEvent } from '../store/audit.ts';
import type { CsrKey, CsrOwner } from '../store/custom-csrs.ts';

/** What was done to a request, as it is recorded: in its zone, or in its account. */
export const csrEvent = (
  event: string,
  { accountId, zoneId, id, name }: CsrKey & CsrOwner & { readonly name: string },
  actor: Actor,
): AuditEvent => ({
  event,
  actor,
  accountId,
  ...(zoneId !== undefined && { zoneId }),
  resource: 'custom_csr',
  resourceId: id,
  name: name || undefined,
});

export const csrNotFound = (id: string, pointer?: string): Fault =>
  new Fault('csr_not_found', `custom CSR ${id} not found`, pointer === undefined ? {} : { pointer });
