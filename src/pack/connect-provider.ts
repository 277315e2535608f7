/** Who keeps the DNS of a name, by Domain Connect (domain-connect.ts): the settings that a provider answers with, read with care. Pure. */

/** A provider, as its settings say. URLs have no final slash. */
export interface ConnectProvider {
  readonly name: string;
  /** Where its users are led. */
  readonly urlSync: string;
  readonly urlApi: string;
  /** Of the window, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Where its users change their DNS by hand. */
  readonly controlPanel: string | undefined;
}

/** What came of looking for a provider; in words where there is none. */
export type ConnectFound =
  | { readonly kind: 'provider'; readonly domain: string; readonly provider: ConnectProvider }
  | { readonly kind: 'none'; readonly why: string; readonly controlPanel?: string | undefined };

/** The settings of a provider, as it answered; in words what is wrong with them. */
export function readSettings(
  settings: unknown,
  domain: string,
): Extract<ConnectFound, { readonly kind: 'provider' }> | string {
  if (typeof settings !== 'object' || settings === null) return 'its settings are no JSON object';
  const given: Readonly<Record<string, unknown>> = { ...settings };
  const [urlSync, urlApi] = [prefixIn(given['urlSyncUX']), prefixIn(given['urlAPI'])];
  if (urlSync === undefined || urlApi === undefined)
    return 'it takes no links for this domain (urlSyncUX and urlAPI of its settings)';
  const provider = {
    name: wordsIn(given['providerDisplayName']) ?? wordsIn(given['providerName']) ?? new URL(urlSync).host,
    urlSync,
    urlApi,
    width: sizeIn(given['width']),
    height: sizeIn(given['height']),
    controlPanel: httpsIn(panelOf(given['urlControlPanel'], domain))?.href,
  };
  return { kind: 'provider', domain, provider };
}

const panelOf = (url: unknown, domain: string): unknown =>
  typeof url === 'string' ? url.replaceAll('%domain%', encodeURIComponent(domain)) : undefined;

/** A name that people are shown, without what would not be seen, or would turn a line around. */
function wordsIn(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '').trim() : '';
  return text === '' ? undefined : text.slice(0, 100);
}

/** Pixels; 750 where nothing of use is said (the specification's default). */
function sizeIn(value: unknown): number {
  const size = Number(value ?? 750);
  return Number.isInteger(size) && size >= 200 && size <= 4_000 ? size : 750;
}

const MOST_CHARACTERS = 2_000;
/** A URL that people may be led to. */
function httpsIn(value: unknown): URL | undefined {
  const url = typeof value === 'string' && value.length <= MOST_CHARACTERS ? URL.parse(value) : null;
  return url?.protocol === 'https:' && url.username === '' && url.password === '' ? url : undefined;
}

/** One to which a path can be added. */
function prefixIn(value: unknown): string | undefined {
  const url = httpsIn(value);
  return url?.search === '' && url.hash === '' ? url.href.replace(/\/$/, '') : undefined;
}

/** Where a domain's settings are asked for, as its TXT record says; undefined: it is no record of that kind. */
export function settingsUrl(text: string, domain: string): string | undefined {
  const whole = text.trim();
  const isPlace = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?(?:\/[\w.~-]+)*\/?$/i.test(whole);
  const base = isPlace ? prefixIn(`https://${whole}`) : undefined;
  return base === undefined ? undefined : `${base}/v2/${encodeURIComponent(domain)}/settings`;
}
