/** The first page: what the account has, what waits for whom, and what is late. */
import { useEffect } from 'preact/hooks';
import { useAnswer } from '../api/answer.ts';
import type { CaState, Latest, Summary } from '../api/wire-account.ts';
import { hearNow } from '../now.ts';
import { Head, Section } from '../part/section.tsx';
import { Empty, NotAllowed, Shown } from '../part/state.tsx';
import { href } from '../route.ts';
import { accountId, may, reachOf } from '../session.ts';
import { Authorities } from './home-authorities.tsx';
import { Expiries } from './home-expiries.tsx';
import { LatestEvents, Steps } from './home-latest.tsx';
import { AtRisk } from './home-risk.tsx';
import { StatusBar } from './home-statuses.tsx';
import { Tiles } from './home-tiles.tsx';
import { ZoneChoice } from './zone-choice.tsx';

const EVERY = 15;
const EVENTS = 12;

export function Home() {
  const reach = reachOf('SSL and Certificates Read');
  return (
    <>
      <Head title="Overview" name="Overview" />
      {reach === undefined && <NotAllowed permission="SSL and Certificates Read" />}
      {reach === 'all' && <Overview />}
      {reach !== undefined && reach !== 'all' && <ZoneChoice zones={reach} />}
    </>
  );
}

function Overview() {
  const path = `/accounts/${accountId()}/ssl`;
  const answer = useAnswer<Summary>(`${path}/certificate_packs/summary`, EVERY);
  const authorities = useAnswer<readonly CaState[]>(`${path}/certificate_authorities`, EVERY);
  const latest = useAnswer<Latest>(`${path}/certificate_packs/events/latest?per_page=${EVENTS}`, EVERY);
  const steps = latest.reply?.result.steps;
  const asOf = answer.reply?.result.as_of;
  useEffect(() => {
    if (asOf !== undefined) hearNow(asOf);
  }, [asOf]);
  return (
    <div class="stack">
      <Shown of={answer} what="the overview">
        {({ result }) => (result.total === 0 ? <Nothing /> : <Counts summary={result} />)}
      </Shown>
      <Section title="Latest events" aside={steps && <Steps steps={steps} />}>
        <Shown of={latest} what="the latest events">
          {({ result }) => <LatestEvents events={result.events} />}
        </Shown>
      </Section>
      <Section title="CAs" aside={<a href={href(['cas'])}>What each allows</a>}>
        <Shown of={authorities} what="the CAs">
          {({ result }) => <Authorities of={result} />}
        </Shown>
      </Section>
    </div>
  );
}

const Nothing = () => (
  <Empty title="There are no packs yet.">
    <p>
      {may('Zone Write') ? 'Make a zone, and order a pack in it' : 'A pack is ordered in a zone'}:{' '}
      <a href={href(['zones'])}>to the zones</a>.
    </p>
  </Empty>
);

const Counts = ({ summary }: { readonly summary: Summary }) => (
  <>
    <Tiles summary={summary} />
    <Section title="By status">
      <StatusBar statuses={summary.statuses} total={summary.total} />
    </Section>
    <Section title="Certificates that end, by week">
      <Expiries weeks={summary.expiries} />
    </Section>
    {summary.most_at_risk.length > 0 && (
      <Section title="Most at risk">
        <p>Their time to be renewed is over, and they are not.</p>
        <AtRisk packs={summary.most_at_risk} />
      </Section>
    )}
  </>
);
