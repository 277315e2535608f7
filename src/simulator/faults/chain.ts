import { generateKeyPairSync } from 'node:crypto';
import { type Static, Type } from 'typebox';
import type { CaContext } from '../ca/context.ts';
import type { CaFault } from './fault.ts';

/** What a chain can be made of. */
const PART_NAMES = ['leaf', 'issuer', 'root', 'stranger', 'namesake', 'key'] as const;

const PARTS: Readonly<Record<(typeof PART_NAMES)[number], (made: Made) => Promise<string>>> = {
  leaf: async ({ usual: [leaf = ''] }) => leaf,
  issuer: async ({ usual: [, issuer = ''] }) => issuer,
  root: async ({ ca }) => ca.authority.root.pem,
  /** A CA of another name. */
  stranger: ({ usual: [, issuer = ''] }) => lookalikeOf(issuer, 'Stranger'),
  /** The issuer's name, serial and key identifiers, with another key. */
  namesake: ({ usual: [, issuer = ''] }) => lookalikeOf(issuer),
  /** A private key. */
  key: async () => generateKeyPairSync('ec', KEY).privateKey,
};

const KEY = {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
} as const;

interface Made {
  readonly ca: CaContext;
  /** The certificates of the usual chain in PEM, leaf first. */
  readonly usual: readonly string[];
}

const Takes = Type.Object({
  /** What comes, in this order; leaf and issuer unless told. */
  parts: Type.Optional(Type.Array(Type.Enum([...PART_NAMES]), { maxItems: 100 })),
  /** A text before each part. */
  noise: Type.Optional(Type.String()),
  /** Whether the leaf is PEM of bytes that are no certificate. */
  is_garbled: Type.Optional(Type.Boolean()),
  /** How much of it comes. */
  bytes: Type.Optional(Type.Integer({ minimum: 0 })),
});

/** On `certificate`: the chain is of other parts than usual. */
export const chain: CaFault<typeof Takes> = {
  takes: Takes,
  step: (told) => async (exchange, next) => {
    const answer = await next(exchange);
    const usual = String(answer.content ?? '').match(BLOCK) ?? [];
    if (usual.length === 0) return answer;
    return { ...answer, content: await chainOf(told, { ca: exchange.ca, usual }) };
  },
};

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g;

async function chainOf(
  { parts = ['leaf', 'issuer'], noise = '', is_garbled: isGarbled = false, bytes }: Static<typeof Takes>,
  made: Made,
): Promise<string> {
  const pems = await Promise.all(parts.map((part) => PARTS[part](made)));
  const whole = pems.map((pem) => `${noise}${pem.trim()}\n`).join('');
  const shown = isGarbled ? whole.replace(/MII[A-Za-z0-9+/]{40}/, `MII${'A'.repeat(40)}`) : whole;
  return shown.slice(0, bytes);
}

async function lookalikeOf(issuer: string, name?: string): Promise<string> {
  // Only here: it takes long to load.
  const { makeLookalike } = await import('../ca/lookalike.ts');
  return makeLookalike(issuer, name);
}
