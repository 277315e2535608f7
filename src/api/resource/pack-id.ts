import { Fault } from '../../kit/fault.ts';

/** A pack's id from the path. What cannot be one is told apart from one that is not there: `invalid_object_id`. */
export function packId(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id.toLowerCase();
  throw new Fault(
    'invalid_object_id',
    `${JSON.stringify(id.slice(0, 64))} is not the id of a certificate pack`,
  );
}
