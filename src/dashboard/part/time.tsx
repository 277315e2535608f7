/** Instants, in UTC, with how far they are away. */
import { now } from '../now.ts';

const DAY = 86_400_000;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

const STEPS: readonly (readonly [number, Intl.RelativeTimeFormatUnit])[] = [
  [DAY, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
];

/** `in 62 days`, `3 minutes ago`. */
function away(instant: Date): string {
  const ms = instant.getTime() - now().getTime();
  const [length, unit] = STEPS.find(([step]) => Math.abs(ms) >= step) ?? [1_000, 'second'];
  return relative.format(Math.trunc(ms / length), unit);
}

/** `2026-11-29 08:33 UTC`. */
const inUtc = (instant: Date): string => `${instant.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

interface TimeProps {
  readonly at: string | null | undefined;
  /** Whether only how far it is away is shown; the instant is in the title then. */
  readonly isShort?: boolean;
}

export function Time({ at, isShort = false }: TimeProps) {
  if (!at) return <span class="none">–</span>;
  const instant = new Date(at);
  return (
    <time dateTime={at} title={inUtc(instant)}>
      {isShort ? (
        away(instant)
      ) : (
        <>
          {inUtc(instant)} <span class="quiet">({away(instant)})</span>
        </>
      )}
    </time>
  );
}

interface LifeProps {
  readonly from: string;
  readonly to: string;
}

/** How much of a certificate's life is left. */
export function Life({ from, to }: LifeProps) {
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  const left = (end - now().getTime()) / Math.max(1, end - begin);
  return <LifeLeft share={Math.min(1, Math.max(0, left))} />;
}

/** The same of a share that is known, from 0 to 1. */
export function LifeLeft({ share: left }: { readonly share: number }) {
  const percent = Math.round(left * 100);
  const tone = left > 0.34 ? 'good' : left > 0.15 ? 'wait' : 'bad';
  return (
    <span class={`life ${tone}`} role="img" aria-label={`${percent} % of its life is left`}>
      <span style={{ width: `${percent}%` }} />
    </span>
  );
}
