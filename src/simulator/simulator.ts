/**
 * The world for `dev`, `npm start` and tests: three ACME CAs with roots of their own, and a small DNS with a
 * root, customers' servers and a resolver. It runs as a process of its own and keeps its state in a folder,
 * so it survives the service, and a restart. It validates for real and refuses when a record is absent; its CAs go
 * wrong to order (`faults/`).
 * The front file; `process.ts` is the program, `ca-server.ts` one CA, `dns-world.ts` the DNS.
 */
import type { CertificateAuthority } from '../pack/pack.ts';

/** What the program is told on its command line, as JSON. */
export interface SimulatorOptions {
  /** Folder of its state; made when missing. */
  readonly dir: string;
  /** Seconds that its clock is ahead of the machine's at start. */
  readonly aheadSeconds: number;
  /** Port of every DNS server of the world: one port, many loopback addresses. 0 picks a free one. */
  readonly dnsPort: number;
  /** Port at which every host of the world answers plain HTTP, for http-01 (RFC 8555 8.3); 80 unless told. */
  readonly httpPort?: number;
  /** Where the CAs hand their mails to; a mail server of the world's own unless told. */
  readonly smtp?: MailServerAddress;
  /** Our own name servers: the world delegates to them every zone that they answer for. */
  readonly nameServers: readonly { readonly name: string; readonly address: string }[];
  /**
   * Whether the registry delegates to our name servers only what NS records at a registrable domain say; else also what
   * they answer for, as if every owner had told it.
   */
  readonly isRegistryTold?: boolean;
  /** Whether the process ends when its standard input closes, i.e. with the process that started it. */
  readonly endsWithParent: boolean;
}

/** An SMTP server. */
export interface MailServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Its addresses in the DNS world. Each answers UDP and TCP at the world's port. */
export const DNS_ADDRESSES = {
  /** Resolves any name of the world, for people and for the CAs. */
  resolver: '127.0.0.1',
  /** The root: where iterative look-ups begin. */
  root: '127.0.0.2',
  /** Where our own responder listens in `dev`. */
  responder: '127.0.0.3',
  /** Two servers with the same records: authoritative for every zone that is not ours. */
  customers: ['127.0.0.4', '127.0.0.5'],
} as const;

/** One line of JSON on its standard output once everything listens. */
export interface SimulatorReady {
  /** Base URL of its control interface (see `control.ts`), on loopback. */
  readonly control: string;
  readonly dnsPort: number;
  readonly cas: Readonly<Record<CertificateAuthority, SimulatedCa>>;
}

export interface SimulatedCa {
  readonly directory: string;
  /** PEM of its root: signs what it issues, and its directory's own TLS certificate. */
  readonly rootPem: string;
  /** External account binding that it demands, where it does. */
  readonly eab?: { readonly kid: string; readonly hmacKey: string };
}
