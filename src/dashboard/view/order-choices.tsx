import { VALIDITY_DAYS } from '../../pack/pack.ts';
import { METHODS, VALIDATION_METHODS } from '../../pack/validation-method.ts';
import type { Refusal } from '../api/client.ts';
import { Check, Choice } from '../part/inputs.tsx';
import { caName } from '../words.ts';
import { type FIELDS, type Offer, type Order, useLimit } from './order-offer.ts';

interface ChoicesProps {
  readonly order: Order;
  readonly set: (change: Partial<Order>) => void;
  readonly refusal: Refusal | undefined;
  readonly offer: Offer;
}

const ENVIRONMENTS = [
  ['production', 'production'],
  ['staging', 'staging'],
] as const;

const LENGTHS = VALIDITY_DAYS.map((one) => [String(one), `${one} days`] as const);

/** What an order has beside its hosts. What the CA does not allow can be chosen, and is said. */
export function Choices({ order, set, refusal, offer }: ChoicesProps) {
  const of = (name: (typeof FIELDS)[number]) => ({ name, wrong: refusal?.of(name) ?? offer.against[name] });
  const limit = useLimit(order.certificate_authority);
  return (
    <>
      <div class="row">
        <Choice
          label="CA"
          {...of('certificate_authority')}
          hint={limit}
          value={order.certificate_authority}
          options={offer.cas.map(
            ([ca, why]) => [ca, why === '' ? caName(ca) : `${caName(ca)} – ${why}`] as const,
          )}
          onPick={(ca) => set({ certificate_authority: ca })}
        />
        <Choice
          label="Validation"
          {...of('validation_method')}
          value={order.validation_method}
          options={VALIDATION_METHODS.map((one) => [one, METHODS[one].how] as const)}
          onPick={(method) => set({ validation_method: method })}
        />
        <Choice
          label="Validity"
          {...of('validity_days')}
          hint={`It offers ${offer.days.join(', ')} days.`}
          value={String(order.validity_days)}
          options={LENGTHS}
          onPick={(one) => set({ validity_days: Number(one) })}
        />
        <Choice
          label="Environment"
          {...of('deploy')}
          value={order.deploy}
          options={ENVIRONMENTS}
          onPick={(deploy) => set({ deploy })}
        />
      </div>
      <Check
        label="With a backup from another CA"
        name="backup"
        isOn={order.backup}
        onChange={(backup) => set({ backup })}
      />
      {refusal?.of('backup') && <p class="wrong-text">{refusal.of('backup')}</p>}
    </>
  );
}
