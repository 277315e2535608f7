/** The CAs: how each does, what it allows, and what its limits leave. */
import { METHODS, VALIDATION_METHODS } from '../../pack/validation-method.ts';
import { useAnswer } from '../api/answer.ts';
import type { CaOffers, CaState } from '../api/wire-account.ts';
import { Facts, Head, Section } from '../part/section.tsx';
import { NotAllowed, Shown } from '../part/state.tsx';
import { Time } from '../part/time.tsx';
import { href } from '../route.ts';
import { accountId, may } from '../session.ts';
import { caName } from '../words.ts';
import { Health, Limit } from './home-authorities.tsx';

export function Cas() {
  const isAllowed = may('SSL and Certificates Read');
  const path = `/accounts/${accountId()}/ssl/certificate_authorities`;
  const answer = useAnswer<readonly CaState[]>(isAllowed ? path : undefined, 15);
  return (
    <>
      <Head title="CAs" name="CAs" />
      {!isAllowed && <NotAllowed permission="SSL and Certificates Read" isForAll />}
      {isAllowed && (
        <Shown of={answer} what="the CAs">
          {({ result }) => (
            <div class="cards">
              {result.map((ca) => (
                <OneCa key={ca.certificate_authority} ca={ca} />
              ))}
            </div>
          )}
        </Shown>
      )}
    </>
  );
}

const OneCa = ({ ca }: { readonly ca: CaState }) => (
  <Section title={caName(ca.certificate_authority)} aside={<Health ca={ca} isShort />}>
    {!ca.is_configured && <p>The operator has not configured it: nothing can be ordered of it here.</p>}
    {ca.health.problem !== undefined && (
      <p class="bad-text">
        <bdi>{ca.health.problem}</bdi>
      </p>
    )}
    <Facts
      of={[
        {
          name: 'Packs',
          value: (
            <a href={href(['packs'], { certificate_authority: ca.certificate_authority })}>
              {ca.packs.toLocaleString('en')}
            </a>
          ),
        },
        { name: 'Soonest end', value: <Time at={ca.soonest_end} /> },
        ...(ca.offers ? offered(ca.offers) : []),
        ...(ca.is_configured
          ? [
              { name: 'Worked last', value: <Time at={ca.health.last_success} /> },
              { name: 'Failed last', value: <Time at={ca.health.last_failure} /> },
              { name: 'Left of limits', value: <Limits ca={ca} /> },
            ]
          : []),
      ]}
    />
  </Section>
);

const offered = ({ validity_days: lengths, validation_methods: methods, ...rest }: CaOffers) => [
  {
    name: 'Valid for',
    value: lengths.length > 0 ? `${lengths.join(', ')} days` : 'none that it offers may be issued today',
  },
  {
    name: 'Validates',
    value: VALIDATION_METHODS.map((one) =>
      methods.includes(one) ? METHODS[one].how : `not ${METHODS[one].how}`,
    ).join(', '),
  },
  { name: 'Wildcards', value: rest.wildcards ? 'yes' : 'no' },
  { name: 'Other scripts', value: rest.internationalized ? 'yes' : 'no: only names in ASCII' },
];

const Limits = ({ ca: { limits } }: { readonly ca: CaState }) =>
  limits.length === 0 ? (
    <>none is known</>
  ) : (
    <>
      {limits.map((one) => (
        <span key={one.limit} class="limit">
          <Limit of={one} />
          {one.available_on !== undefined && (
            <>
              ; the next <Time at={one.available_on} isShort />
            </>
          )}
        </span>
      ))}
    </>
  );
