import { randomBytes, randomUUID } from 'node:crypto';

/** 32 hexadecimal characters: ids of accounts and zones, as on Cloudflare's wire. */
export const newHexId = (): string => randomBytes(16).toString('hex');

/** UUID version 4: ids of packs and certificates, as on Cloudflare's wire. */
export const newUuid = (): string => randomUUID();

/** 16 hexadecimal characters: the `uuid` of a zone's delegated validation, as on Cloudflare's wire. */
export const newDelegationUuid = (): string => randomBytes(8).toString('hex');
