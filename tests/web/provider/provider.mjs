// An OpenID provider for one client: node provider.mjs CLIENT_ID SECRET REDIRECT_URI. Whoever signs in is who they say.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [clientId, secret, back] = process.argv.slice(2);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: secret, redirect_uris: [back], grant_types: ['authorization_code'] }],
    pkce: { required: () => true },
    cookies: { keys: ['for tests only'] },
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
