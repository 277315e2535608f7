import { BOUNDS, type Proof, type Report } from './protocol.ts';

/** What a report says of the edge as a whole. */
export type Standing = Pick<Report, 'at' | 'packs' | 'names' | 'tlsSettings' | 'problem'>;

/** What is to be told to the service: the latest of each pack, until it was taken. */
export class Reports {
  readonly #proofs = new Map<string, Proof>();
  /** What came after a trouble that was not told yet: that it was there is told first. */
  readonly #mended = new Map<string, Proof>();
  readonly #released = new Set<string>();
  /** What the service knows of each pack, so that what stays as it was is told once. */
  readonly #known = new Map<string, string>();
  readonly #wake: () => void;
  #standing = '';

  /** `wake` is called when there is something new. */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** `isAsked`: the service wants to hear it, also where it is as before. */
  prove(proof: Proof, isAsked: boolean): void {
    const { packId } = proof;
    const waiting = this.#proofs.get(packId);
    if (!waiting && !isAsked && this.#known.get(packId) === JSON.stringify(proof)) return;
    this.#mended.delete(packId);
    if (waiting?.problem !== undefined && proof.problem === undefined) this.#mended.set(packId, proof);
    else this.#proofs.set(packId, proof);
    this.#wake();
  }

  release(packId: string): void {
    this.#proofs.delete(packId);
    this.#mended.delete(packId);
    this.#known.delete(packId);
    this.#released.add(packId);
    this.#wake();
  }

  /** It serves again. */
  keep(packId: string): void {
    this.#released.delete(packId);
  }

  /** How many packs the service has not heard of. */
  get waiting(): number {
    return this.#proofs.size + this.#released.size;
  }

  /** The next report, of a bounded length; undefined: the service knows all. */
  next(standing: Standing): Report | undefined {
    const isSame = JSON.stringify(standing) === this.#standing;
    if (this.waiting === 0 && isSame) return undefined;
    const proofs = [...this.#proofs.values()].slice(0, BOUNDS.packs);
    return { ...standing, proofs, released: [...this.#released].slice(0, BOUNDS.names) };
  }

  /** The service has it. What became another meanwhile is still to be told. */
  acknowledge({ proofs, released, ...standing }: Report): void {
    for (const proof of proofs) {
      this.#known.set(proof.packId, JSON.stringify(proof));
      if (this.#proofs.get(proof.packId) !== proof) continue;
      this.#proofs.delete(proof.packId);
      const mended = this.#mended.get(proof.packId);
      if (mended) this.#proofs.set(proof.packId, mended);
      this.#mended.delete(proof.packId);
    }
    for (const packId of released) this.#released.delete(packId);
    this.#standing = JSON.stringify(standing);
  }

  /** A new connection: the service is told once more how it stands. */
  again(): void {
    this.#standing = '';
  }
}
