/** The frame around every view, and which view belongs to which address. */
import type { ComponentChildren, FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Announcer } from './part/announce.tsx';
import { Head } from './part/section.tsx';
import { Empty } from './part/state.tsx';
import { href, route } from './route.ts';
import { session, signOut } from './session.ts';
import { THEMES, theme } from './theme.ts';
import { Channels } from './view/alert-channels.tsx';
import { Deliveries } from './view/alert-deliveries.tsx';
import { Alerts } from './view/alerts.tsx';
import { Audit } from './view/audit.tsx';
import { Bulk } from './view/bulk.tsx';
import { Cas } from './view/cas.tsx';
import { Certificates } from './view/certificates.tsx';
import { AccountCsrs, Csrs } from './view/csrs.tsx';
import { EdgeView } from './view/edge.tsx';
import { Edges } from './view/edges.tsx';
import { Home } from './view/home.tsx';
import { HostnameView } from './view/hostname.tsx';
import { Hostnames } from './view/hostnames.tsx';
import { JobView } from './view/job.tsx';
import { Keyless } from './view/keyless.tsx';
import { KeylessView } from './view/keyless-one.tsx';
import { Moves } from './view/moves.tsx';
import { OrderView } from './view/order.tsx';
import { PackView } from './view/pack.tsx';
import { Packs } from './view/packs.tsx';
import { Records } from './view/records.tsx';
import { SignIn } from './view/sign-in.tsx';
import { Tokens } from './view/tokens.tsx';
import type { ViewProps } from './view/view.ts';
import { ZoneView } from './view/zone.tsx';
import { Zones } from './view/zones.tsx';

interface View {
  /** As `zones/:zone`. */
  readonly at: string;
  readonly show: FunctionComponent<ViewProps>;
}

const VIEWS: readonly View[] = [
  { at: '', show: Home },
  { at: 'packs', show: Packs },
  { at: 'bulk', show: Bulk },
  { at: 'bulk/:job', show: JobView },
  { at: 'cas', show: Cas },
  { at: 'edges', show: Edges },
  { at: 'edges/:edge', show: EdgeView },
  { at: 'zones', show: Zones },
  { at: 'zones/:zone', show: ZoneView },
  { at: 'zones/:zone/order', show: OrderView },
  { at: 'zones/:zone/dns', show: Records },
  { at: 'zones/:zone/certificates', show: Certificates },
  { at: 'zones/:zone/csrs', show: Csrs },
  { at: 'zones/:zone/hostnames', show: Hostnames },
  { at: 'zones/:zone/hostnames/:hostname', show: HostnameView },
  { at: 'zones/:zone/keyless', show: Keyless },
  { at: 'zones/:zone/keyless/:keyless', show: KeylessView },
  { at: 'zones/:zone/packs/:pack', show: PackView },
  { at: 'moves', show: Moves },
  { at: 'csrs', show: AccountCsrs },
  { at: 'tokens', show: Tokens },
  { at: 'alerts', show: Alerts },
  { at: 'alerts/channels', show: Channels },
  { at: 'alerts/deliveries', show: Deliveries },
  { at: 'audit', show: Audit },
];

const LINKS = [
  ['', 'Overview'],
  ['packs', 'Packs'],
  ['zones', 'Zones'],
  ['bulk', 'Jobs'],
  ['cas', 'CAs'],
  ['edges', 'Edges'],
  ['alerts', 'Alerts'],
  ['tokens', 'Tokens'],
  ['audit', 'Audit log'],
] as const;

export function App() {
  if (session.value === undefined)
    return (
      <p class="state" role="status">
        Loading …
      </p>
    );
  if (session.value === null) return <SignIn />;
  return <Frame>{shown()}</Frame>;
}

/** The view of the address. */
function shown(): ComponentChildren {
  const { parts } = route.value;
  for (const { at, show: Show } of VIEWS) {
    const of = matched(at, parts);
    if (of) return <Show key={`${at} ${JSON.stringify(of)}`} of={of} />;
  }
  return (
    <>
      <Head title="Not there" name="Not there" />
      <Empty title="There is no such view.">
        <p>
          <a href={href(['packs'])}>To the packs</a>
        </p>
      </Empty>
    </>
  );
}

function matched(at: string, parts: readonly string[]): Record<string, string> | undefined {
  const wanted = at === '' ? [] : at.split('/');
  if (wanted.length !== parts.length) return undefined;
  const of: Record<string, string> = {};
  for (const [i, name] of wanted.entries()) {
    const part = parts[i] ?? '';
    if (name.startsWith(':')) of[name.slice(1)] = part;
    else if (name !== part) return undefined;
  }
  return of;
}

function Frame({ children }: { readonly children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  const place = route.value.parts.join('/');
  const isFirst = useRef(true);
  useEffect(() => {
    // Who came by a link is told where that led to; who came by opening the page is told by its title.
    if (!isFirst.current) main.current?.querySelector('h1')?.focus();
    isFirst.current = false;
    scrollTo(0, 0);
  }, [place]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.querySelector('h1')?.focus()}>
        Skip to content
      </button>
      <Bar />
      <main ref={main}>{children}</main>
      <Announcer />
    </>
  );
}

function Bar() {
  const { parts } = route.value;
  const [first = ''] = parts[2] === 'packs' ? ['packs'] : parts;
  return (
    <header class="bar">
      <a class="brand" href={href([])}>
        certpacks
      </a>
      <nav aria-label="Views">
        {LINKS.map(([at, name]) => (
          <a
            key={at}
            href={href(at === '' ? [] : [at])}
            {...(first === at && { 'aria-current': 'page' as const })}
          >
            {name}
          </a>
        ))}
      </nav>
      <Person />
    </header>
  );
}

/** Who is signed in, and how the page looks to them. */
function Person() {
  const who = session.value;
  return (
    <div class="person">
      <span class="quiet" title={`Token ${who?.token.name ?? ''}, account ${who?.account.id ?? ''}`}>
        {who?.account.name} · {who?.token.name}
      </span>
      <select
        aria-label="Theme"
        value={theme.value}
        onChange={({ currentTarget }) => {
          theme.value = THEMES.find((one) => one === currentTarget.value) ?? 'auto';
        }}
      >
        {THEMES.map((one) => (
          <option key={one} value={one}>
            {one === 'auto' ? 'Theme' : one}
          </option>
        ))}
      </select>
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </div>
  );
}
