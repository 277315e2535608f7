/** From where a token may be used: networks that a request's address has to be in, and those that it must not be in. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Cloudflare's `condition.request_ip`. Networks are in CIDR notation. */
export interface RequestIp {
  /** Absent: any address. */
  readonly in?: readonly string[];
  readonly not_in?: readonly string[];
}

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Whether a text is a network in CIDR notation (RFC 4632, RFC 4291 2.3); no octal numbers, no shortened IPv4. */
export function isNetwork(text: string): boolean {
  const [, address = '', bits = ''] = /^([^/%]+)\/(\d{1,3})$/.exec(text) ?? [];
  return isIP(address) !== 0 && Number(bits) <= (isIP(address) === 4 ? 32 : 128);
}

/** Whether a request from that address is allowed. An address that cannot be read is not. */
export function isAllowed({ in: inside, not_in: outside = [] }: RequestIp, address: string): boolean {
  if (isIP(address) === 0) return false;
  const from = ipaddr.process(address);
  const isIn = (text: string) => contains(toNetwork(text), [from, bitsOf(from)]);
  return (inside?.some(isIn) ?? true) && !outside.some(isIn);
}

/** Whether every address that `inner` allows is one that `outer` allows, as far as single networks show it. */
export function isNarrower(inner: RequestIp, outer: RequestIp): boolean {
  const [nets, bounds] = [inner.in?.map(toNetwork), outer.in?.map(toNetwork)];
  const shut = (inner.not_in ?? []).map(toNetwork);
  const isInside = !bounds || (nets?.every((net) => bounds.some((one) => contains(one, net))) ?? false);
  return isInside && (outer.not_in ?? []).map(toNetwork).every((gap) => isShut(gap, nets, shut));
}

/** Whether no address of `gap` is let in. */
const isShut = (gap: Network, nets: readonly Network[] | undefined, shut: readonly Network[]): boolean =>
  shut.some((one) => contains(one, gap)) ||
  (nets?.every((net) => !contains(net, gap) && !contains(gap, net)) ?? false);

/** IPv4 within IPv6 (RFC 4291 2.5.5.2) is IPv4: so `request.ip` shows it on a socket for both. */
function toNetwork(text: string): Network {
  const [address, bits] = ipaddr.parseCIDR(text);
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96;
  return isMapped ? [address.toIPv4Address(), bits - 96] : [address, bits];
}

const bitsOf = (address: ipaddr.IPv4 | ipaddr.IPv6): number => (address.kind() === 'ipv4' ? 32 : 128);

const contains = ([outer, outerBits]: Network, [inner, innerBits]: Network): boolean =>
  outer.kind() === inner.kind() && outerBits <= innerBits && inner.match(outer, outerBits);
