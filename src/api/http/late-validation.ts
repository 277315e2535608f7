/** Compiles what a route takes when its first request comes: there are hundreds, and every start would wait for all of them. */
import ajvCompiler from '@fastify/ajv-compiler';
import type { FastifySchemaCompiler } from 'fastify';

/** Says whether what was sent is as it is to be, and of what is not why. */
type Validate = ReturnType<FastifySchemaCompiler<unknown>>;

/** As Fastify's own; nothing is turned into another type, and nothing is dropped. */
export function lateValidation(): FastifySchemaCompiler<unknown> {
  const compile = ajvCompiler()({}, { customOptions: { coerceTypes: false, removeAdditional: false } });
  return (route) => {
    let compiled: ReturnType<typeof compile> | undefined;
    const validate: Validate = (data: unknown) => {
      compiled ??= compile({ ...route });
      const isValid = compiled(data) === true;
      validate.errors = compiled.errors ?? null;
      return isValid;
    };
    return validate;
  };
}
