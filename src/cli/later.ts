/** An action whose code is loaded when the command is called: no command waits for the code of all others. */
export const later =
  <A extends readonly unknown[]>(load: () => Promise<(...args: A) => unknown>) =>
  async (...args: A): Promise<void> => {
    const act = await load();
    await act(...args);
  };
