import { generateKeyPairSync, sign } from 'node:crypto';
import { register } from './provider.mjs';

/** The pages with which tests change and inspect the server. */
export function createAdmin(provider, state) {
  // A key vault, because .NET has no Ed25519.
  const vault = generateKeyPairSync('ed25519');
  const pages = {
    'GET /admin/vault': () => vault.publicKey.export({ format: 'jwk' }),
    'POST /admin/sign': (_id, { input }) => ({ signature: sign(null, Buffer.from(input), vault.privateKey).toString('base64url') }),
    'GET /admin/requests': () => ({ count: state.requests.length, requests: state.requests }),
    'GET /admin/calls': () => ({ count: state.calls.length, calls: state.calls }),
    'POST /admin/nonces': (id, rules) => { state.nonces[id].change(rules); },
    'POST /admin/rotate': (id) => { state.nonces[id].rotate(); },
    'POST /admin/revoke': (id) => { state.tokens.forEach((token, value) => token.clientId === id && state.tokens.delete(value)); },
    'POST /admin/clients': (id, metadata) => register(provider, state, { ...metadata, client_id: id }),
  };

  return async (request, response) => {
    const [, root, page, id] = request.url.split('/');
    try {
      const text = (await request.toArray()).join('');
      const result = await pages[`${request.method} /${root}/${page}`](id && decodeURIComponent(id), text && JSON.parse(text));
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(result ?? {}));
    } catch (error) {
      response.writeHead(400, { 'Content-Type': 'text/plain' }).end(`${error.error_description ?? error}`);
    }
  };
}
