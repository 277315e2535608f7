import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { LONGEST_UPLOAD } from '../../pack/custom-certificate.ts';
import type { Found, PassedOver, Piece } from './found.ts';

/** A leaf that was met, with the certificates that stand beside it. */
interface Leaf {
  readonly certificate: X509Certificate;
  readonly beside: readonly X509Certificate[];
  readonly where: string;
}

interface Key {
  readonly pem: string;
  readonly where: string;
}

/** Certificates and keys as they lie about: which belong together is told by the public key, whatever the files are called. */
export class Material {
  readonly #leaves = new Map<string, Leaf>();
  readonly #keys = new Map<string, Key>();
  readonly #authorities = new Map<string, X509Certificate>();
  readonly #passed: PassedOver[] = [];

  /** Adds what stands in a text: any number of certificates and keys, in any order. */
  add(text: string, where: string): void {
    const blocks = blocksIn(text);
    const certificates = blocks
      .filter(({ label }) => /^(X509 |TRUSTED )?CERTIFICATE$/.test(label))
      .flatMap(({ pem }) => this.#read(pem, where));
    const beside = certificates.filter(({ ca }) => ca);
    for (const one of beside) this.#authorities.set(one.fingerprint256, one);
    for (const certificate of certificates)
      if (!certificate.ca) this.#addLeaf({ certificate, beside, where });
    for (const { label, pem } of blocks) if (label.endsWith('PRIVATE KEY')) this.#addKey(pem, where);
  }

  /** Notes what cannot be used. */
  pass(where: string, why: string): void {
    this.#passed.push({ where, why });
  }

  /** All that was found: pairs, of several for the same names the one that ends last, and what is passed over. */
  pieces(now: Date): Piece[] {
    const newest = new Map<string, Leaf>();
    const pieces: Piece[] = [...this.#passed];
    const used = new Set<string>();
    for (const leaf of this.#leaves.values()) {
      const id = idOf(leaf.certificate.publicKey);
      if (this.#keys.has(id)) used.add(id);
      const why = this.#unfit(leaf, now);
      const kind = `${hostsOf(leaf).toSorted().join(' ')} ${leaf.certificate.publicKey.asymmetricKeyType}`;
      const other = newest.get(kind);
      if (why !== undefined) pieces.push(passed(leaf, why));
      else if (other && other.certificate.validToDate >= leaf.certificate.validToDate)
        pieces.push(passed(leaf, `${other.where} is for the same names and ends later`));
      else {
        if (other) pieces.push(passed(other, `${leaf.where} is for the same names and ends later`));
        newest.set(kind, leaf);
      }
    }
    for (const [id, { where }] of this.#keys)
      if (!used.has(id)) pieces.push({ where, why: 'this private key belongs to no certificate here' });
    return [...pieces, ...[...newest.values()].flatMap((leaf) => this.#found(leaf))];
  }

  #read(pem: string, where: string): X509Certificate[] {
    try {
      return [new X509Certificate(pem.replace(/(X509|TRUSTED) CERTIFICATE/g, 'CERTIFICATE'))];
    } catch {
      this.pass(where, 'a certificate in it cannot be read');
      return [];
    }
  }

  /** Of the same leaf in several files, the one with the longest chain. */
  #addLeaf(leaf: Leaf): void {
    const id = leaf.certificate.fingerprint256;
    const known = this.#leaves.get(id);
    if (!known || known.beside.length < leaf.beside.length) this.#leaves.set(id, leaf);
  }

  #addKey(pem: string, where: string): void {
    if (/ENCRYPTED/.test(pem.slice(0, 200)))
      return this.pass(where, 'the private key is encrypted; `openssl pkey -in FILE` takes the password off');
    try {
      const id = idOf(createPublicKey(createPrivateKey(pem)));
      if (!this.#keys.has(id)) this.#keys.set(id, { pem, where });
    } catch {
      this.pass(where, 'a private key in it cannot be read');
    }
  }

  #unfit(leaf: Leaf, now: Date): string | undefined {
    const { publicKey, validToDate } = leaf.certificate;
    if (!isTime(validToDate)) return 'its end cannot be read';
    if (validToDate <= now) return 'it has expired';
    if (hostsOf(leaf).length === 0) return 'it has no DNS name among its subject alternative names';
    return this.#keys.has(idOf(publicKey)) ? undefined : 'its private key is not there';
  }

  #found(leaf: Leaf): Found[] {
    const key = this.#keys.get(idOf(leaf.certificate.publicKey));
    if (!key) return [];
    const asItWas = inPem([leaf.certificate, ...leaf.beside]);
    // A store of all roots may stand beside it, which is more than an upload takes.
    const certificate =
      leaf.beside.length > 0 && asItWas.length <= LONGEST_UPLOAD
        ? asItWas
        : inPem([leaf.certificate, ...this.#chainOf(leaf.certificate)]);
    const pair = { certificate, privateKey: key.pem, endsOn: leaf.certificate.validToDate };
    return [{ where: leaf.where, hosts: hostsOf(leaf), pair }];
  }

  /** Of a leaf that stands alone: the authorities that lie about elsewhere, as in certbot's chain.pem. */
  #chainOf(leaf: X509Certificate): X509Certificate[] {
    const chain: X509Certificate[] = [];
    for (let last = leaf; chain.length < LONGEST_CHAIN; ) {
      const next = [...this.#authorities.values()].find(
        (one) => one.subject === last.issuer && one !== last && last.checkIssued(one),
      );
      if (!next || next.subject === next.issuer) return chain;
      chain.push(next);
      last = next;
    }
    return chain;
  }
}

const LONGEST_CHAIN = 6;

const passed = (leaf: Leaf, why: string): PassedOver => ({
  where: leaf.where,
  hosts: hostsOf(leaf),
  endsOn: isTime(leaf.certificate.validToDate) ? leaf.certificate.validToDate : undefined,
  why,
});

/** Node has a date that is none for a time that OpenSSL does not read. */
const isTime = (date: Date): boolean => !Number.isNaN(date.getTime());

const inPem = (chain: readonly X509Certificate[]): string => chain.map((one) => one.toString()).join('');

/** A public key, told from all others. */
const idOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');

function hostsOf({ certificate }: Pick<Leaf, 'certificate'>): string[] {
  const names = certificate.subjectAltName?.split(', ') ?? [];
  return names.flatMap((name) => (name.startsWith('DNS:') ? [name.slice(4).toLowerCase()] : []));
}

interface Block {
  readonly label: string;
  readonly pem: string;
}

/** The PEM blocks of a text, in one pass, however it was made. */
function blocksIn(text: string): Block[] {
  const blocks: Block[] = [];
  for (let at = text.indexOf(BEGIN); at >= 0; ) {
    const labelEnd = text.indexOf('-----', at + BEGIN.length);
    if (labelEnd < 0) return blocks;
    const label = text.slice(at + BEGIN.length, labelEnd);
    const end = text.indexOf(`-----END ${label}-----`, labelEnd);
    if (label.length > LONGEST_LABEL || end < 0) return blocks;
    const after = end + label.length + END_LENGTH;
    blocks.push({ label, pem: `${text.slice(at, after)}\n` });
    at = text.indexOf(BEGIN, after);
  }
  return blocks;
}

const BEGIN = '-----BEGIN ';
const LONGEST_LABEL = 64;
const END_LENGTH = '-----END -----'.length;
