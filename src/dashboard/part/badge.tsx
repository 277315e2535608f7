import type { PackStatus, ZoneStatus } from '../../pack/pack.ts';
import { PACK_WORDS, plain, type Tone, ZONE_WORDS } from '../words.ts';

/** A status: its word, and a colour beside it. */
export const Badge = ({ word, tone }: { readonly word: string; readonly tone: Tone }) => (
  <span class={`badge ${tone}`}>{plain(word)}</span>
);

export const PackBadge = ({ status }: { readonly status: PackStatus }) => (
  <Badge word={status} tone={PACK_WORDS[status]?.tone ?? 'off'} />
);

export const ZoneBadge = ({ status, paused }: { readonly status: ZoneStatus; readonly paused: boolean }) => (
  <>
    <Badge word={status} tone={ZONE_WORDS[status]?.tone ?? 'off'} />
    {paused && (
      <>
        {' '}
        <Badge word="paused" tone="wait" />
      </>
    )}
  </>
);
