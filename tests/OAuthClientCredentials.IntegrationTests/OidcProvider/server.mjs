// An authorization server and an API that accepts its tokens, in one process.
// The first line of stdin is the configuration. One line of stdout contains the addresses. The process ends with stdin.
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createInterface } from 'node:readline';
import { createApi } from './api.mjs';
import { createAdmin } from './admin.mjs';
import { Nonces } from './nonces.mjs';
import { createProvider } from './provider.mjs';

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => start(JSON.parse(line)));
lines.once('close', () => process.exit(0));

async function start({ tls, ...configuration }) {
  // tokens maps a token to its properties. The admin pages list the requests and calls.
  const nonces = Object.fromEntries(['provider', 'api', 'mtlsApi'].map((end) => [end, new Nonces(configuration.noncePrefix)]));
  const state = { tokens: new Map(), clients: new Map(), requests: [], calls: [], nonces };
  const plain = createHttp();
  // Asks for a client certificate without requiring it: that depends on the client and the token.
  const mutual = createHttps({ key: tls.key, cert: tls.certificate, requestCert: true, rejectUnauthorized: false });
  const issuer = `http://127.0.0.1:${await listen(plain)}`;
  const alias = `https://127.0.0.1:${await listen(mutual)}`;

  const provider = await createProvider(issuer, alias, configuration, state);
  const pages = { '/resource': createApi(issuer, state), '/admin': createAdmin(provider, state) };
  const oauth = provider.callback();
  const serve = (request, response) => (pages[/^\/[^/?]*/.exec(request.url)?.[0]] ?? oauth)(request, response);
  plain.on('request', serve);
  mutual.on('request', serve);

  console.log(JSON.stringify({
    issuer,
    tokenEndpoint: `${issuer}/token`,
    mtlsTokenEndpoint: `${alias}/token`,
    api: `${issuer}/resource`,
    mtlsApi: `${alias}/resource`,
    admin: `${issuer}/admin`,
    serverCertificatePem: tls.certificate,
  }));
}

function listen(server) {
  return new Promise((resolve, reject) => {
    // Longer than any test, so that no connection is closed during a request.
    server.keepAliveTimeout = 600_000;
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}
