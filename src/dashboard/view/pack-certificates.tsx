import { useState } from 'preact/hooks';
import { useAnswer } from '../api/answer.ts';
import { packPath } from '../api/paths.ts';
import type { Certificate, Pack } from '../api/wire.ts';
import type { Chain, ChainLink } from '../api/wire-pack.ts';
import { Copied, Copy } from '../part/copy.tsx';
import { save } from '../part/save.ts';
import { Facts, Section } from '../part/section.tsx';
import { Shown } from '../part/state.tsx';
import { type Column, Table } from '../part/table.tsx';
import { Life, Time } from '../part/time.tsx';
import { plain } from '../words.ts';

/** By the algorithm that signed: a CA signs with the kind that the key is of. */
const algorithmOf = ({ signature }: Certificate): string => (/^ecdsa/i.test(signature) ? 'ECDSA' : 'RSA');

const COLUMNS: readonly Column<Certificate>[] = [
  { name: 'Certificate', cell: (one) => algorithmOf(one) },
  { name: 'Issuer', kind: 'free', cell: (one) => <bdi>{one.issuer}</bdi> },
  { name: 'Status', cell: (one) => plain(one.status) },
  {
    name: 'Expires',
    cell: (one) => (
      <>
        <Life from={one.uploaded_on} to={one.expires_on} /> <Time at={one.expires_on} isShort />
      </>
    ),
  },
  { name: 'Id', kind: 'free', cell: (one) => <Copied text={one.id} what="the certificate’s id" /> },
];

/** The certificates of a pack; those of a renewal that is under way among them. */
export const Certificates = ({ pack, zoneId }: { readonly pack: Pack; readonly zoneId: string }) => (
  <Section title="Certificates">
    {pack.certificates.length === 0 ? (
      <p class="quiet">None yet: they come when control of every host was shown.</p>
    ) : (
      <>
        <Table
          of="Certificates of this pack"
          rows={pack.certificates}
          columns={COLUMNS}
          keyOf={({ id }) => id}
        />
        <Chains pack={pack} zoneId={zoneId} />
      </>
    )}
  </Section>
);

/** Asked for when somebody wants to see them. */
function Chains({ pack, zoneId }: { readonly pack: Pack; readonly zoneId: string }) {
  const [isOpen, setOpen] = useState(false);
  const path = `${packPath(zoneId, pack.id)}/certificates`;
  const ids = pack.certificates.map(({ id }) => id).join(' ');
  const answer = useAnswer<readonly Chain[]>(isOpen ? path : undefined, 0, ids);
  return (
    <details class="below" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Chains</summary>
      {isOpen && (
        <Shown of={answer} what="the chains">
          {({ result }) => (
            <>
              {result.map((one) => (
                <OneChain key={one.id} of={one} />
              ))}
            </>
          )}
        </Shown>
      )}
    </details>
  );
}

const OneChain = ({ of: { id, algorithm, is_coming: isComing, chain, pem } }: { readonly of: Chain }) => {
  const name = algorithm.toUpperCase();
  return (
    <>
      <h3>
        {name}
        {isComing && <span class="quiet"> (of the renewal that is under way)</span>}
      </h3>
      <ol class="chain">
        {chain.map((link, i) => (
          <li key={link.fingerprint_sha256}>
            <Link link={link} isLeaf={i === 0} />
          </li>
        ))}
      </ol>
      <div class="buttons below">
        <Copy text={pem} what={`the ${name} chain`}>
          Copy as PEM
        </Copy>
        <button
          type="button"
          class="small"
          aria-label={`Save the ${name} chain`}
          onClick={() => save(new Blob([pem], { type: 'application/pem-certificate-chain' }), `${id}.pem`)}
        >
          Save
        </button>
      </div>
    </>
  );
};

const Link = ({ link, isLeaf }: { readonly link: ChainLink; readonly isLeaf: boolean }) => (
  <details open={isLeaf}>
    <summary>
      <bdi>{link.subject || 'The certificate of the hosts'}</bdi>
    </summary>
    <Facts
      of={[
        { name: 'Issued by', value: <bdi>{link.issuer}</bdi> },
        { name: 'From', value: <Time at={link.not_before} /> },
        { name: 'Until', value: <Time at={link.not_after} /> },
        { name: 'Serial', value: <Copied text={link.serial_number} what="the serial number" /> },
        { name: 'SHA-256', value: <Copied text={link.fingerprint_sha256} what="the fingerprint" /> },
      ]}
    />
  </details>
);
