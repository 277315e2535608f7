import { Fault } from '../../kit/fault.ts';

/** What an edge is enrolled with: one text that is carried to its machine, and that works once. */
export interface EdgeToken {
  /** Where the service listens for agents: `edges.example.com:8443` or `[2001:db8::1]:8443`. */
  readonly address: string;
  /** Lower-case hexadecimal SHA-256 of the DER of the CA's certificate, by which the agent knows the service. */
  readonly caFingerprint: string;
  /** 43 characters: 32 bytes in base64url. The service keeps its hash alone. */
  readonly secret: string;
}

const PREFIX = 'cpe_';
const LONGEST = 1_000;

/** A token as it is printed: `cpe_`, and base64url of JSON. */
export const printEdgeToken = ({ address, caFingerprint, secret }: EdgeToken): string =>
  `${PREFIX}${Buffer.from(JSON.stringify({ a: address, f: caFingerprint, s: secret })).toString('base64url')}`;

/** A token as it was printed; space around it is no matter. Throws `configuration` for any other text, which is not in its words. */
export function parseEdgeToken(text: string): EdgeToken {
  const body = /^cpe_([A-Za-z0-9_-]+)$/.exec(text.trim())?.[1];
  const read = body === undefined || body.length > LONGEST ? undefined : objectIn(body);
  const [address, caFingerprint, secret] = ['a', 'f', 's'].map((key) => String(read?.[key]));
  if (address === undefined || !isAddress(address)) throw refused();
  if (caFingerprint === undefined || !/^[0-9a-f]{64}$/.test(caFingerprint)) throw refused();
  if (secret === undefined || !/^[A-Za-z0-9_-]{43}$/.test(secret)) throw refused();
  return { address, caFingerprint, secret };
}

function objectIn(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const read: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    return typeof read === 'object' && read !== null ? { ...read } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a text is a host name or an address, with a port behind it. */
const isAddress = (text: string): boolean => {
  const port = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_.-]{1,253}):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
};

const refused = (): Fault =>
  new Fault(
    'configuration',
    `an edge's token begins with ${PREFIX} and has no gaps: copy it whole, or ask for a new one (certpacks edges token)`,
  );
