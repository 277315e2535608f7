import type { FastifyPluginAsync } from 'fastify';

const PACKS = '/zones/:zone_id/ssl/certificate_packs';

/** What stands in the place of a pack's id and is none, with the methods that are no route there. */
const LITERALS = [
  { name: 'quota', methods: ['PATCH', 'DELETE'] },
  { name: 'order', methods: ['GET', 'PATCH', 'DELETE'] },
  { name: 'export', methods: ['PATCH', 'DELETE'] },
  { name: 'summary', methods: ['PATCH', 'DELETE'] },
];

/** Keeps words from being read as ids of packs: `…/certificate_packs/quota` has no PATCH. */
export const literalPaths: FastifyPluginAsync = async (app) => {
  const schema = { isHidden: true };
  for (const { name, methods } of LITERALS) {
    app.route({
      method: methods,
      url: `${PACKS}/${name}`,
      schema,
      handler: (_, reply) => reply.callNotFound(),
    });
    const url = `${PACKS}/${name}/*`;
    app.route({ method: ['GET', 'POST'], url, schema, handler: (_, reply) => reply.callNotFound() });
  }
};
