import { createHash, X509Certificate } from 'node:crypto';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { Fault } from '../../kit/fault.ts';
import { privateKeyIn, rawPublicKey } from '../../kit/hpke.ts';
import { placeOf, ServiceConnection } from './connection.ts';
import { unreachable } from './connection-failure.ts';
import { checkCertificate, csrOf, type Identity, keepIdentity, keysFor, readIdentity } from './identity.ts';
import { type AgentEdge, PATHS, SHAPES } from './protocol.ts';
import type { EdgeToken } from './token.ts';
import { givePrivateFolder } from './whole-file.ts';

export interface EnrolOptions {
  /** Made where it is not there. */
  readonly dir: string;
  readonly token: EdgeToken;
  /** Of this program. */
  readonly version: string;
  readonly now: Date;
}

/**
 * Makes a machine the agent of an edge. What was begun and broke off is gone on with by the same keys. Throws `configuration` for a
 * folder that is somebody's, `service_unreachable`, and `service_refused` e.g. for a token that was used.
 */
export async function enrol(options: EnrolOptions, signal: AbortSignal): Promise<AgentEdge> {
  const { dir, token, version, now } = options;
  await givePrivateFolder(dir);
  const before = await readIdentity(dir);
  if (before) throw enrolledAlready(dir, before);
  const keys = await keysFor(dir, token.address);
  const ca = await caOf(token);
  const connection = await ServiceConnection.open({ address: token.address, ca }, signal);
  try {
    const sealingKey = rawPublicKey(privateKeyIn(keys.sealingKey)).toString('base64');
    const body = { secret: token.secret, csr: await csrOf(keys.certificateKey), sealingKey, version };
    const enrolled = await connection.ask(PATHS.enrol, body, SHAPES.enrolled);
    checkCertificate(enrolled.certificate, keys.certificateKey);
    checkClock(enrolled.certificate, now);
    await keepIdentity(dir, { address: token.address, ...keys, enrolled });
    return enrolled.edge;
  } finally {
    connection.close();
  }
}

const enrolledAlready = (dir: string, { enrolled: { edge } }: Identity): Fault =>
  new Fault(
    'configuration',
    `${dir} is the folder of the agent of edge ${edge.name} already: take another, or remove it where that edge is to be no more`,
  );

/** Throws `configuration` where a certificate that was just made is not valid by the clock of this machine. */
function checkClock(certificate: string, now: Date): void {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  if (validFromDate <= now && now < validToDate) return;
  throw new Fault(
    'configuration',
    `the certificate that the service made now is valid from ${validFromDate.toISOString()} to ${validToDate.toISOString()}, and here it is ${now.toISOString()}: set the clock right and enrol with the same token`,
  );
}

/** The CA's certificate, in PEM: the one in what the service shows that has the token's fingerprint. Nothing is sent before it is known. */
async function caOf({ address, caFingerprint }: EdgeToken): Promise<string> {
  const { host, port } = placeOf(address);
  const socket = connect({
    host,
    port,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
  });
  try {
    await secured(socket);
    const found = shownBy(socket).find(
      (der) => createHash('sha256').update(der).digest('hex') === caFingerprint,
    );
    if (found) return new X509Certificate(found).toString();
  } catch (error) {
    throw unreachable(address, error);
  } finally {
    socket.destroy();
  }
  throw new Fault(
    'service_refused',
    `who answers at ${address} does not show the CA of this token (SHA-256 ${caFingerprint}): the token is of another installation, or somebody is in between; nothing was sent`,
  );
}

async function secured(socket: TLSSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('secureConnect', resolve);
  socket.on('error', reject);
  socket.once('close', () => reject(new Error('closed')));
  const late = setTimeout(() => reject(new Error('late')), LATE_MS);
  await promise.finally(() => clearTimeout(late));
}

const LATE_MS = 10_000;
const MOST_CERTIFICATES = 8;

/** The certificates of a chain that was shown, in DER. */
function shownBy(socket: TLSSocket): Buffer[] {
  const all: Buffer[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw && all.length < MOST_CERTIFICATES) {
    all.push(next.raw);
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return all;
}
