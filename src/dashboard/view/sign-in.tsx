import { useRef, useState } from 'preact/hooks';
import { useDoing } from '../api/answer.ts';
import { Field } from '../part/field.tsx';
import { signIn, signInNote } from '../session.ts';

/** Where a token is shown once; from then on a cookie that scripts cannot read stands for it. */
export function SignIn() {
  document.title = 'Sign in · certpacks';
  const [token, setToken] = useState('');
  const doing = useDoing();
  const input = useRef<HTMLInputElement>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    const isIn = await doing.run(() => signIn({ token: token.trim() }));
    if (!isIn) input.current?.focus();
  };
  return (
    <main class="sign-in">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>certpacks</h1>
        {signInNote.value !== '' && (
          <p class="note" role="status">
            {signInNote.value}
          </p>
        )}
        <NameForPasswordManagers />
        <Field
          label="API token"
          hint="You are signed in for 12 hours, and may here what this token may."
          wrong={token.trim() === '' ? undefined : doing.refusal?.message}
        >
          {(ids) => (
            <input
              {...ids}
              ref={input}
              name="token"
              type="password"
              autocomplete="current-password"
              spellcheck={false}
              required
              value={token}
              onInput={({ currentTarget }) => setToken(currentTarget.value)}
            />
          )}
        </Field>
        <button type="submit" class="primary" aria-disabled={doing.isDoing}>
          Sign in
        </button>
        <NoToken />
      </form>
    </main>
  );
}

const NoToken = () => (
  <details>
    <summary>No token at hand?</summary>
    <p>
      Where a token is known, <code>certpacks dashboard</code> prints a link that signs you in once. The first
      token of all is made on the service’s own machine: <code>certpacks token create --first</code>.
    </p>
  </details>
);

/** They keep nothing without a name. */
const NameForPasswordManagers = () => (
  <input
    class="unseen"
    name="username"
    autocomplete="username"
    value="API token"
    readOnly
    tabIndex={-1}
    aria-hidden="true"
  />
);
