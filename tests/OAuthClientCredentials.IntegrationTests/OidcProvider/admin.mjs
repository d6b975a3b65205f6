import { register } from './provider.mjs';

/** The pages with which tests change and inspect the server. */
export function createAdmin(provider, state) {
  const pages = {
    'GET /admin/requests': () => ({ count: state.requests.length, requests: state.requests }),
    'GET /admin/calls': () => ({ count: state.calls.length, calls: state.calls }),
    'POST /admin/nonce': (_id, { nonce }) => { state.apiNonce = nonce; },
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
