/** What browsers leave as it is: underscores, and hyphens anywhere, are in no host of ours, but in names under wildcards. */
const LABEL = '[a-z0-9_-]{1,63}';
/** A last label that is a number makes all of it an IPv4 address (URL Standard, "ends in a number"). */
const HOST_NAME = new RegExp(`^(?:${LABEL}\\.)+(?!(?:\\d+|0x[0-9a-f]*)$)${LABEL}$`);

/**
 * Whether `text` is a name by which certificates are looked up: two or more labels in lower-case ASCII, without a final
 * dot. No address, wildcard or path is one.
 */
export const isHostName = (text: string): boolean => text.length <= 253 && HOST_NAME.test(text);

/**
 * The name that a client asks for, as certificates are looked up by: letters of any case, and a final dot, which
 * browsers send as it was typed (RFC 6066 3 has none). Undefined for anything that is no such name.
 */
export function toHostName(text: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(text)) return undefined;
  const name = text.toLowerCase().replace(/\.$/, '');
  return isHostName(name) ? name : undefined;
}
