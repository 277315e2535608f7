/**
 * What an agent and the service say to each other: JSON over HTTP/2 on one connection of TLS 1.3, on which both show certificates of
 * the installation's own CA; enrolment alone is asked for without one. docs/decisions/0042-edges-and-agents.md has the exchange.
 */
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { ENVIRONMENTS } from '../../pack/pack.ts';
import { TlsShape } from '../tls-shape.ts';

/** Paths. */
export const PATHS = {
  /** POST: `Enrol`, answered with `Enrolled`. */
  enrol: '/v1/enrol',
  /** POST: `Renew`, answered with `Renewed`. */
  certificate: '/v1/certificate',
  /** GET, `?since=` a cursor: a stream of `Line`, one JSON object a line, that stays open. */
  changes: '/v1/changes',
  /** POST: `PacksAsked`, answered with `PacksGiven`: those that serve a name there. */
  packs: '/v1/packs',
  /** POST: `Report`, answered with `{}`. */
  reports: '/v1/reports',
  /** GET, `?name=&path=`: as of the pull listener. */
  files: '/v1/files',
} as const;

/** Bounds of both sides. */
export const BOUNDS = {
  /** Names in one line, packs in one line or question. */
  names: 1_000,
  packs: 100,
  /** Bytes of a line, and of a body. */
  line: 4_194_304,
  /** Seconds between signs of life. */
  heartbeat: 5,
} as const;

const Hex = (length: number) => Type.String({ pattern: `^[0-9a-f]{${length}}$` });
const Uuid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });
const Name = Type.String({ maxLength: 255, pattern: '^(\\*\\.)?[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?$' });
const Instant = Type.String({ maxLength: 40 });
const Pem = (maxLength: number) => Type.String({ maxLength });

const Edge = Type.Object({
  id: Uuid,
  name: Type.String({ maxLength: 100 }),
  kind: Type.String({ maxLength: 40 }),
  environment: Type.Enum([...ENVIRONMENTS]),
});

const Enrol = Type.Object({
  /** The secret of the token, which works once. */
  secret: Type.String({ maxLength: 200 }),
  /** PKCS#10 in PEM, of the key of its certificate. */
  csr: Pem(4_096),
  /** 32 bytes of X25519 in base64: private keys are sealed to it. */
  sealingKey: Type.String({ maxLength: 60 }),
  /** Of its program. */
  version: Type.String({ maxLength: 100 }),
});
const Renewed = Type.Object({
  certificate: Pem(8_192),
  /** The CA's certificates by which the service is known. */
  ca: Pem(32_768),
  renewOn: Instant,
});
const Enrolled = Type.Object({ ...Renewed.properties, edge: Edge });
const Renew = Type.Object({ csr: Pem(4_096), version: Type.String({ maxLength: 100 }) });

/** A key is sealed to the edge (`sealedFor`), in base64; where its owner keeps it, it says where, and is no secret. */
const SealedPair = Type.Object({
  chain: Pem(131_072),
  /** SHA-256 of the leaf. */
  leaf: Hex(64),
  sealedKey: Type.String({ maxLength: 32_768 }),
});
const SealedPack = Type.Object({
  packId: Uuid,
  /** Changes where a certificate of it does, or what its hostname says of TLS. */
  digest: Hex(32),
  certificates: Type.Object({ ecdsa: Type.Optional(SealedPair), rsa: Type.Optional(SealedPair) }),
  /** Of a custom hostname that says something of handshakes. */
  tls: Type.Optional(TlsShape),
});

const Line = Type.Union([
  /** First, and alone of its kind: whether all that is served follows, so that what is not named is gone. */
  Type.Object({ isWhole: Type.Boolean(), edge: Edge }),
  /** What serves names from now on; packs with it where it is no whole. */
  Type.Object({
    names: Type.Array(Type.Tuple([Name, Uuid, Hex(32)])),
    gone: Type.Array(Name),
    packs: Type.Array(SealedPack),
  }),
  /** All up to here is told: what came before can be applied, and this is what to go on from after a break. */
  Type.Object({ at: Instant }),
  Type.Object({ heartbeat: Type.Literal(true) }),
]);

const PacksAsked = Type.Object({ packs: Type.Array(Uuid, { maxItems: BOUNDS.packs }) });
const PacksGiven = Type.Object({ packs: Type.Array(SealedPack) });

const Proof = Type.Object({
  packId: Uuid,
  /** SHA-256 of the leaves that handshakes showed for every name of the pack; absent: none, or not everywhere the same. */
  ecdsa: Type.Optional(Hex(64)),
  rsa: Type.Optional(Hex(64)),
  /** In words, where one was missing or another than wanted. */
  problem: Type.Optional(Type.String({ maxLength: 1_000 })),
});
const Report = Type.Object({
  /** The last cursor that was applied; absent: none yet. */
  at: Type.Optional(Instant),
  proofs: Type.Array(Proof, { maxItems: BOUNDS.packs }),
  /** Packs that lie at the edge no more, and that handshakes do not show. */
  released: Type.Array(Uuid, { maxItems: BOUNDS.names }),
  packs: Type.Integer({ minimum: 0 }),
  names: Type.Integer({ minimum: 0 }),
  /** Settings of custom hostnames that are applied there (`TLS_SETTINGS`); absent: none, as the agent knows of none. */
  tlsSettings: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 40 })),
  /** Why the edge as a whole cannot be told or asked; absent: it can. */
  problem: Type.Optional(Type.String({ maxLength: 1_000 })),
});

export type AgentEdge = Static<typeof Edge>;
export type Enrol = Static<typeof Enrol>;
export type Enrolled = Static<typeof Enrolled>;
export type Renew = Static<typeof Renew>;
export type Renewed = Static<typeof Renewed>;
export type SealedPack = Static<typeof SealedPack>;
export type Line = Static<typeof Line>;
export type PacksAsked = Static<typeof PacksAsked>;
export type PacksGiven = Static<typeof PacksGiven>;
export type Proof = Static<typeof Proof>;
export type Report = Static<typeof Report>;

/** Checks of what came from the other side. */
export const SHAPES = {
  enrol: Compile(Enrol),
  enrolled: Compile(Enrolled),
  renew: Compile(Renew),
  renewed: Compile(Renewed),
  line: Compile(Line),
  packsAsked: Compile(PacksAsked),
  packsGiven: Compile(PacksGiven),
  report: Compile(Report),
} as const;

/** What the key of a pack is bound to that is sealed to an edge (RFC 9180): it opens for this edge, pack and algorithm alone. */
export const sealedFor = (edgeId: string, packId: string, algorithm: string) => ({
  info: Buffer.from(`certpacks edge ${edgeId}`),
  aad: Buffer.from(`key of pack ${packId} ${algorithm}`),
});
