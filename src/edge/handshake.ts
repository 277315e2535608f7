import { createHash, type X509Certificate } from 'node:crypto';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { Deadline } from '../kit/deadline.ts';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import { algorithmOf, EARLIER_SUITES } from '../pack/hostname-tls.ts';
import { isWildcard } from '../pack/hosts.ts';
import type { Algorithm } from '../pack/pack.ts';
import { MOST_PARTS, toPart } from './chain.ts';
import type { ChainPart, EdgeRow, ShowLeaf, ShownLeaf } from './edge.ts';

/** Time for connection and handshake together. */
const DEADLINE: Seconds = 5;

const TLS_13 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

/** Whatever suites a custom hostname is told to have, its certificate of an algorithm is seen by one of these. */
const suitesOf = (algorithm: Algorithm): string =>
  [TLS_13, ...EARLIER_SUITES.filter((suite) => algorithmOf(suite) === algorithm)].join(':');

/** What a client offers that can check signatures of one algorithm alone, in TLS 1.2 and 1.3 alike. */
const OFFERS: Readonly<Record<Algorithm, { readonly sigalgs: string; readonly ciphers: string }>> = {
  ecdsa: {
    sigalgs: 'ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512',
    ciphers: suitesOf('ecdsa'),
  },
  rsa: {
    sigalgs: 'RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512',
    ciphers: suitesOf('rsa'),
  },
};

/** Where a handshake is made. */
type Place = Pick<EdgeRow, 'name' | 'host' | 'port'>;

/**
 * A real handshake: the leaf counts only once the edge has proven that it holds its key. Neither dates nor
 * issuer are judged; the caller compares fingerprints. A wildcard is asked for by a label under it.
 * Throws `edge_unreachable` when no connection or no end of the handshake comes within 5 s, or when what
 * answers is not TLS; rejects with the signal's reason once it is aborted.
 */
export const showLeaf: ShowLeaf<Place> = async (edge, { name, algorithm }, signal) => {
  signal.throwIfAborted();
  const socket = connect({
    host: edge.host,
    port: edge.port,
    servername: isWildcard(name) ? `certpacks-probe.${name.slice(2)}` : name,
    rejectUnauthorized: false,
    secureContext: contextFor(algorithm),
  });
  using limit = new Deadline(DEADLINE);
  const either = AbortSignal.any([signal, limit.signal]);
  const stop = () => socket.destroy(new Error('aborted'));
  either.addEventListener('abort', stop, { once: true });
  try {
    const end = await endOf(socket);
    signal.throwIfAborted();
    return end === 'done' ? leafOf(socket) : withoutLeaf(end, edge, limit.signal.aborted);
  } finally {
    either.removeEventListener('abort', stop);
    // Goodbye goes after our last message of the handshake, so that the edge does not log a broken one.
    socket.destroySoon();
  }
};

const contexts = new Map<Algorithm, SecureContext>();

/** Made once: it costs as much as a handshake, and holds nothing of an edge. It trusts nobody, so that a chain is as the edge sent it. */
function contextFor(algorithm: Algorithm): SecureContext {
  const made =
    contexts.get(algorithm) ?? createSecureContext({ minVersion: 'TLSv1.2', ca: [], ...OFFERS[algorithm] });
  contexts.set(algorithm, made);
  return made;
}

/** How a handshake ended without a leaf: whether the connection stood, and what ended it. */
interface Failure {
  readonly wasConnected: boolean;
  readonly error: NodeJS.ErrnoException;
}

function endOf(socket: TLSSocket): Promise<'done' | Failure> {
  const { promise, resolve } = Promise.withResolvers<'done' | Failure>();
  let wasConnected = false;
  socket.once('connect', () => {
    wasConnected = true;
  });
  socket.once('secureConnect', () => resolve('done'));
  // It stays on: errors that come after the end are of no interest, and must not be unheard.
  socket.on('error', (error) => resolve({ wasConnected, error }));
  return promise;
}

/** Undefined for an alert or a close, which are the edge's answer; anything else is none. */
function withoutLeaf({ wasConnected, error }: Failure, edge: Place, isLate: boolean): undefined {
  const place = `edge ${edge.name} at ${edge.host}:${edge.port}`;
  const fail = (what: string): never => {
    throw new Fault('edge_unreachable', `${place} ${what}`, { cause: error });
  };
  const check = `check that edge ${edge.name} runs and can be reached: it is tried again`;
  if (isLate) fail(`did not finish a handshake within ${DEADLINE} s; ${check}`);
  const { code = 'no code', message } = error;
  if (!wasConnected) fail(`cannot be reached (${code}); ${check}`);
  const isRefusal = message.includes('SSL alert number') || code === 'ECONNRESET' || code === 'EPIPE';
  if (!isRefusal)
    fail(
      `did not answer as a TLS server does (${code}); check the address and the port of edge ${edge.name}: it is tried again`,
    );
}

function leafOf(socket: TLSSocket): ShownLeaf | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return undefined;
  return {
    fingerprint: createHash('sha256').update(leaf.raw).digest('hex'),
    // Node has none for an empty one, whatever its types say: certificates without a common name are usual.
    subject: oneLine(leaf.subject || ''),
    issuer: oneLine(leaf.issuer || ''),
    notAfter: leaf.validToDate,
    hosts: hostsOf(leaf),
    behind: behind(leaf),
    protocol: `${socket.getProtocol()} ${socket.getCipher().standardName}`,
  };
}

/** What came behind a leaf: Node has it in the order of the edge's message, as far as nothing else is trusted. */
function behind(leaf: X509Certificate): ChainPart[] {
  const parts: ChainPart[] = [];
  for (let one = leaf.issuerCertificate; one && parts.length < MOST_PARTS; one = one.issuerCertificate)
    parts.push(toPart(one));
  return parts;
}

/** Most characters of a distinguished name, and most names, that are taken from a leaf. */
const MOST = 1_000;

const oneLine = (distinguishedName: string): string =>
  distinguishedName.replaceAll('\n', ', ').slice(0, MOST);

/** The DNS names among a leaf's alternative names; Node quotes those with a comma in them, so they are none. */
function hostsOf({ subjectAltName = '' }: X509Certificate): string[] {
  const names = subjectAltName.matchAll(/(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)/gy);
  const hosts: string[] = [];
  for (const [, kind, value = '"'] of names) {
    if (kind === 'DNS' && !value.startsWith('"') && hosts.length < MOST) hosts.push(value);
  }
  return hosts;
}
