/** How many files are read or written at a time. */
const AT_A_TIME = 16;

/** What `work` gives for each, in order, with a bounded number of them under way. */
export async function someAtATime<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < all.length; i += AT_A_TIME)
    results.push(...(await Promise.all(all.slice(i, i + AT_A_TIME).map(work))));
  return results;
}
