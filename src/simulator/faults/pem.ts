import { Type } from 'typebox';
import type { CaFault } from './fault.ts';

const Takes = Type.Object({
  /** How lines end. */
  line_end: Type.Optional(Type.Enum(['\n', '\r\n', '\r'])),
  /** Whether the last line has no end. */
  is_open: Type.Optional(Type.Boolean()),
  /** Whether blocks follow each other without a line break. */
  is_dense: Type.Optional(Type.Boolean()),
});

/** On `certificate`: the chain is written in another form. */
export const pem: CaFault<typeof Takes> = {
  takes: Takes,
  step:
    ({ line_end: lineEnd = '\n', is_open: isOpen = false, is_dense: isDense = false }) =>
    async (exchange, next) => {
      const answer = await next(exchange);
      if (answer.content === undefined) return answer;
      const usual = String(answer.content).replace(/\n+/g, '\n');
      const dense = isDense ? usual.replaceAll('-----\n-----', '----------') : usual;
      return { ...answer, content: (isOpen ? dense.trimEnd() : dense).replaceAll('\n', lineEnd) };
    },
};
