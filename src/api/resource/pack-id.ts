import { Fault } from '../../kit/fault.ts';

/**
 * A pack's id from the path, also one that is written without hyphens, as the schema's 32 characters want it. What cannot be one
 * is told apart from one that is not there: `invalid_object_id`.
 */
export function packId(id: string): string {
  const [whole] = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i.exec(id) ?? [];
  if (whole) return whole.toLowerCase().replaceAll('-', '').replace(UUID_PARTS, '$1-$2-$3-$4-$5');
  throw new Fault(
    'invalid_object_id',
    `${JSON.stringify(id.slice(0, 64))} is not the id of a certificate pack`,
  );
}

const UUID_PARTS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;
