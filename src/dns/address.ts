import ipaddr from 'ipaddr.js';

/**
 * Whether a packet may be sent to `address` on behalf of a tested name: a public unicast address (of IPv6, one of
 * 2000::/3: nothing else is handed out, and `::127.0.0.1` is the machine itself), or one inside a range of `allow`
 * (CIDR). Anything that is no address, and a range that does not parse, is a no.
 */
export function isAllowed(address: string, allow: readonly string[]): boolean {
  if (!isAddress(address)) return false;
  const parsed = ipaddr.process(address);
  const isPublic = parsed.kind() === 'ipv4' || isInRange(parsed, '2000::/3');
  return (isPublic && parsed.range() === 'unicast') || allow.some((range) => isInRange(parsed, range));
}

/** Whether `text` is an IPv4 address in four decimal parts or an IPv6 address without zone index. */
export const isAddress = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || (!text.includes('%') && ipaddr.IPv6.isValid(text));

/** The network that `address` is counted under: its /24 for IPv4, its /56 for IPv6 (RFC 6177). */
export function networkOf(address: string): string {
  const parsed = ipaddr.process(address);
  return parsed
    .toByteArray()
    .slice(0, parsed.kind() === 'ipv4' ? 3 : 7)
    .join('.');
}

function isInRange(address: ipaddr.IPv4 | ipaddr.IPv6, range: string): boolean {
  if (!ipaddr.isValidCIDR(range)) return false;
  const [network, bits] = ipaddr.parseCIDR(range);
  return network.kind() === address.kind() && address.match(network, bits);
}
