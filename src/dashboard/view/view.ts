/** What views are given. */
import type { Pack } from '../api/wire.ts';

export interface ViewProps {
  /** Parts of the address that its pattern leaves open, by their names. */
  readonly of: Readonly<Record<string, string>>;
}

/** Of a part of the view of a pack. */
export interface PackProps {
  readonly zoneId: string;
  readonly pack: Pack;
  /** To be called when the pack was changed. */
  readonly again: () => void;
}
