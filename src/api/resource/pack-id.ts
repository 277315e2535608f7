import { Fault, type FaultName } from '../../kit/fault.ts';

/**
 * A pack's id from the path, also one that is written without hyphens, as the schema's 32 characters want it. What cannot be one
 * is told apart from one that is not there: `invalid_object_id`.
 */
export const packId = (id: string): string => uuidOf(id, 'certificate pack', '/certificate_pack_id');

/** The same of a custom certificate. */
export const certificateId = (id: string): string =>
  uuidOf(id, 'custom certificate', '/custom_certificate_id');

/** The same of a custom CSR, which has a code of its own. */
export const csrId = (id: string, pointer = '/custom_csr_id'): string =>
  uuidOf(id, 'custom CSR', pointer, 'csr_invalid_id');

/** The same of a custom hostname: `hostname_id_invalid`. */
export const hostnameId = (id: string): string =>
  uuidOf(id, 'custom hostname', '/custom_hostname_id', 'hostname_id_invalid');

/** The same of a certificate of a pack. */
export const certificateOfPackId = (id: string): string => uuidOf(id, 'certificate', '/certificate_id');

/** The same of a keyless certificate: `invalid_keyless_id`. */
export const keylessId = (id: string): string =>
  uuidOf(id, 'keyless certificate', '/keyless_certificate_id', 'invalid_keyless_id');

function uuidOf(id: string, what: string, pointer: string, fault: FaultName = 'invalid_object_id'): string {
  const [whole] = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i.exec(id) ?? [];
  if (whole) return whole.toLowerCase().replaceAll('-', '').replace(UUID_PARTS, '$1-$2-$3-$4-$5');
  throw new Fault(fault, `${JSON.stringify(id.slice(0, 64))} is not the id of a ${what}`, {
    pointer,
  });
}

const UUID_PARTS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;
