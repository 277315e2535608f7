/** Where the private key of an upload may be, as its owner says it. */
import type { GeoLabel } from '../../pack/region.ts';
import type { Refusal } from '../api/client.ts';
import { Choice, Text } from '../part/inputs.tsx';

/** A label, a policy in words, or nothing: anywhere. */
export interface KeyPlace {
  readonly where: GeoLabel | 'policy' | '';
  readonly policy: string;
}

export const ANYWHERE: KeyPlace = { where: '', policy: '' };

const PLACES: readonly (readonly [KeyPlace['where'], string])[] = [
  ['', 'anywhere'],
  ['us', 'in the United States alone'],
  ['eu', 'in the European Union alone'],
  ['highest_security', 'where keys of highest security may be'],
  ['policy', 'by a policy'],
];

/** Names of what is refused of it. */
export const PLACE_FIELDS = ['geo_restrictions', 'policy'] as const;

/** What is sent of it: nothing where the key may be anywhere. */
export function placeBody({ where, policy }: KeyPlace): object {
  if (where === '') return {};
  return where === 'policy' ? { policy: policy.trim() } : { geo_restrictions: { label: where } };
}

interface KeyPlaceProps {
  readonly place: KeyPlace;
  readonly set: (change: Partial<KeyPlace>) => void;
  readonly refusal: Refusal | undefined;
}

export const KeyPlaceFields = ({ place, set, refusal }: KeyPlaceProps) => (
  <>
    <Choice
      label="Its key may be"
      name="geo_restrictions"
      hint="It is kept and served there alone, and cannot be led elsewhere later."
      wrong={refusal?.of('geo_restrictions')}
      value={place.where}
      options={PLACES}
      onPick={(where) => set({ where })}
    />
    {place.where === 'policy' && (
      <Text
        label="Policy"
        name="policy"
        placeholder="(region: EU) and (not country: FR)"
        wrong={refusal?.of('policy')}
        value={place.policy}
        onText={(policy) => set({ policy })}
      />
    )}
  </>
);
