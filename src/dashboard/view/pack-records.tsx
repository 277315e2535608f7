/** What is to be published for a pack, to be copied. */
import { ask } from '../api/client.ts';
import { packPath } from '../api/paths.ts';
import type { DelegationRecord, ValidationRecord } from '../api/wire.ts';
import type { Evidence, Explanation } from '../api/wire-pack.ts';
import { Badge } from '../part/badge.tsx';
import { Action } from '../part/confirm.tsx';
import { Copied, Copy } from '../part/copy.tsx';
import { Section } from '../part/section.tsx';
import { Time } from '../part/time.tsx';
import { may } from '../session.ts';
import type { Tone } from '../words.ts';
import type { PackProps } from './view.ts';

const TONES: Readonly<Record<string, Tone>> = { valid: 'good', pending: 'wait', invalid: 'bad' };

/** Names with values, each to be copied, of a record by whatever method. */
export function partsOf(record: ValidationRecord): readonly (readonly [string, string])[] {
  const { txt_name: name, txt_value: value, http_url: url, http_body: body, emails } = record;
  return [
    ['TXT name', name],
    ['TXT value', value],
    ['File at', url],
    ['with', body],
    ['Mail to', emails?.join(', ')],
  ].filter((one): one is [string, string] => one[1] !== undefined);
}

interface RecordsProps extends PackProps {
  readonly explanation: Explanation | undefined;
}

/** The records by which control of hosts is shown; those that did their work are folded away. */
export function Records({ zoneId, pack, again, explanation }: RecordsProps) {
  const records = pack.validation_records;
  if (records.length === 0) return null;
  const list = (
    <ul class="records">
      {records.map((record) => {
        const parts = partsOf(record);
        return (
          <li key={JSON.stringify(parts)}>
            <Badge word={record.status} tone={TONES[record.status] ?? 'off'} />
            <Parts parts={parts} />
            {record.status !== 'valid' && <Answers of={answersOn(record, explanation?.evidence ?? [])} />}
          </li>
        );
      })}
    </ul>
  );
  if (records.every(({ status }) => status === 'valid'))
    return (
      <details class="card">
        <summary>Records that showed control ({records.length})</summary>
        {list}
      </details>
    );
  return (
    <Section
      title="Records that show control"
      aside={<Acts zoneId={zoneId} pack={pack} again={again} explanation={explanation} />}
    >
      {list}
    </Section>
  );
}

/** What can be done with the records: have them looked for, and copy them. */
function Acts({ zoneId, pack, again, explanation }: RecordsProps) {
  const file = explanation?.records.map(({ line }) => `${line}\n`).join('') ?? '';
  return (
    <span class="buttons">
      {may('SSL and Certificates Write', zoneId) && (
        <Action
          label="Look now"
          kind="small"
          work={() => ask('PATCH', packPath(zoneId, pack.id), { body: {} })}
          done="It is looked at now: what each server answers is below its record."
          onDone={again}
        />
      )}
      {file !== '' && (
        <Copy text={file} what="all as lines of a zone file">
          Copy all for a zone file
        </Copy>
      )}
    </span>
  );
}

/** Who answered what when a record was looked for last. */
function answersOn(
  { txt_name: name, http_url: url }: ValidationRecord,
  all: readonly Evidence[],
): Evidence[] {
  const about = [name, url].filter((one) => one !== undefined);
  const found = all.filter((one) => about.includes(one.about));
  // Of several values of a name each server is asked for each.
  return found.filter(
    (one, i) => found.findIndex(({ who, said }) => who === one.who && said === one.said) === i,
  );
}

const Answers = ({ of }: { readonly of: readonly Evidence[] }) =>
  of.length === 0 ? null : (
    <ul class="answers">
      {of.map(({ by, who, said, at }) => (
        <li key={[by, who, at].join(' ')}>
          <bdi>{who}</bdi>: <bdi>{said}</bdi>{' '}
          <span class="quiet">
            <Time at={at} isShort />
          </span>
        </li>
      ))}
    </ul>
  );

/** CNAMEs that show it once and for all. */
export const Delegation = ({ records }: { readonly records: readonly DelegationRecord[] }) =>
  records.length === 0 ? null : (
    <Section title="Once and for all: delegation">
      <p>
        With these in DNS nothing has to be published again, for this pack or its renewals. They take the
        place of the TXT records.
      </p>
      <ul class="records">
        {records.map(({ cname, cname_target: target }) => (
          <li key={cname}>
            <Parts
              parts={[
                ['CNAME', cname],
                ['leads to', target],
              ]}
            />
          </li>
        ))}
      </ul>
    </Section>
  );

export const Parts = ({ parts }: { readonly parts: readonly (readonly [string, string])[] }) => (
  <dl>
    {parts.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>
          <Copied text={value} what={`${name} ${value}`} />
        </dd>
      </div>
    ))}
  </dl>
);
