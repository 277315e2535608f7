/** Orders a pack in a zone. */
import { useState } from 'preact/hooks';
import { useAnswer, useDoing } from '../api/answer.ts';
import { ask } from '../api/client.ts';
import { newKey } from '../api/new-key.ts';
import { zonePath } from '../api/paths.ts';
import type { Pack, Zone } from '../api/wire.ts';
import { say } from '../part/announce.tsx';
import { Rest } from '../part/field.tsx';
import { Text } from '../part/inputs.tsx';
import { Head } from '../part/section.tsx';
import { NotAllowed, Shown } from '../part/state.tsx';
import { go, href } from '../route.ts';
import { may } from '../session.ts';
import { count } from '../words.ts';
import { Choices } from './order-choices.tsx';
import { FIELDS, hostsIn, type Order, useOffer } from './order-offer.ts';
import type { ViewProps } from './view.ts';

export function OrderView({ of: { zone: id = '' } }: ViewProps) {
  const isAllowed = may('SSL and Certificates Write', id);
  const answer = useAnswer<Zone>(zonePath(id));
  const name = answer.reply?.result.name ?? 'the zone';
  return (
    <>
      <Head title="Order a pack" name="Order a pack" above={<a href={href(['zones', id])}>{name}</a>} />
      {isAllowed ? (
        <Shown of={answer} what="the zone">
          {({ result }) => <Form zone={result} />}
        </Shown>
      ) : (
        <NotAllowed permission="SSL and Certificates Write" />
      )}
    </>
  );
}

const begun = ({ name }: Zone): Order => ({
  hosts: `${name}\n*.${name}`,
  certificate_authority: 'google',
  validation_method: 'txt',
  validity_days: 90,
  deploy: 'production',
  backup: false,
});

const bodyOf = ({ backup, ...order }: Order) => ({
  type: 'advanced',
  ...order,
  hosts: hostsIn(order.hosts),
  ...(backup && { backup }),
});

interface QuotaReply {
  readonly advanced: { readonly allocated: number; readonly used: number };
}

/** As the API tells that there is no bound. */
const ANY_NUMBER = 1_000_000_000;

/** How many packs the zone may have yet; nothing where that is not known. */
function Quota({ zoneId }: { readonly zoneId: string }) {
  const path = `${zonePath(zoneId)}/ssl/certificate_packs/quota`;
  const { reply } = useAnswer<QuotaReply>(may('SSL and Certificates Read', zoneId) ? path : undefined);
  if (!reply) return null;
  const { allocated, used } = reply.result.advanced;
  return (
    <p class="hint">
      The zone has {count(used, 'pack')}
      {allocated < ANY_NUMBER && ` of the ${allocated.toLocaleString('en')} that can be ordered in it`}.
    </p>
  );
}

function Form({ zone }: { readonly zone: Zone }) {
  const [order, setOrder] = useState(() => begun(zone));
  // The same click twice orders once; another order is another one.
  const [key, setKey] = useState(newKey);
  const doing = useDoing();
  const offer = useOffer(order);
  const isRefused = Object.values(offer.against).some(Boolean);
  const set = (change: Partial<Order>) => {
    setOrder({ ...order, ...change });
    setKey(newKey());
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (isRefused) return;
    void doing.run(async () => {
      const path = `${zonePath(zone.id)}/ssl/certificate_packs/order`;
      const asked = { body: bodyOf(order), headers: { 'idempotency-key': key } };
      const { result } = await ask<Pack>('POST', path, asked);
      say('The pack is ordered.');
      go(['zones', zone.id, 'packs', result.id]);
    });
  };
  return (
    <form class="card form" onSubmit={submit} noValidate>
      <Text
        label="Hosts"
        name="hosts"
        hint={`One a line. Names in ${zone.name}; a wildcard stands for one label.`}
        wrong={doing.refusal?.of('hosts') ?? offer.against.hosts}
        rows={4}
        value={order.hosts}
        onText={(hosts) => set({ hosts })}
      />
      <Choices order={order} set={set} refusal={doing.refusal} offer={offer} />
      <Quota zoneId={zone.id} />
      <Rest refusal={doing.refusal} fields={FIELDS} />
      <div class="buttons">
        <button type="submit" class="primary" aria-disabled={doing.isDoing || isRefused}>
          {doing.isDoing ? 'Ordering …' : 'Order'}
        </button>
        <a class="button" href={href(['zones', zone.id])}>
          Cancel
        </a>
      </div>
    </form>
  );
}
