/** Packs as lines of a file. */
import type { ListedPack } from '../api/wire.ts';

export type Format = 'csv' | 'jsonl';

const COLUMNS: Readonly<Record<string, (pack: ListedPack) => string>> = {
  id: ({ id }) => id,
  zone_id: ({ zone_id: zone }) => zone,
  type: ({ type }) => type,
  status: ({ status }) => status,
  certificate_authority: ({ certificate_authority: ca }) => ca ?? '',
  hosts: ({ hosts }) => hosts.join(' '),
  expires_on: ({ certificates }) => certificates.map((one) => one.expires_on).toSorted()[0] ?? '',
  created_on: ({ created_on: at }) => at,
  validation_errors: ({ validation_errors: all }) => all.map(({ message }) => message).join('; '),
};

/** Packs of one page; the first has the names of columns before it. */
export function toText(packs: readonly ListedPack[], format: Format, isFirst: boolean): string {
  if (format === 'jsonl') return packs.map((pack) => `${JSON.stringify(pack)}\n`).join('');
  const head = isFirst ? [Object.keys(COLUMNS).join(',')] : [];
  const lines = packs.map((pack) =>
    Object.values(COLUMNS)
      .map((cell) => quoted(cell(pack)))
      .join(','),
  );
  return [...head, ...lines].map((line) => `${line}\r\n`).join('');
}

/** RFC 4180. What begins as a formula does is none: spreadsheets would carry it out. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
