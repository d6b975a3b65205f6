import { randomBytes } from 'node:crypto';
import instance from './node_modules/oidc-provider/lib/helpers/weak_cache.js';

/** The DPoP nonces of one server. Those of oidc-provider, which these replace, change each minute and are accepted for minutes. */
export class Nonces {
  /** Each starts with the prefix, for which the tests search logs. Until the first change no nonce is used. */
  constructor(prefix) {
    this.prefix = prefix;
    this.change({});
  }

  get isRequired() {
    return this.period > 0;
  }

  /**
   * A nonce is given to `period` requests, then there is a new one. The newest `window` nonces are accepted, each only once if `singleUse`
   * is true.
   */
  change({ period = 0, window = 1, singleUse = false }) {
    Object.assign(this, { period, window, singleUse, requests: 0, issued: [] });
  }

  /** Makes a new nonce. None of the previous ones is accepted. */
  rotate() {
    this.issued = [];
    this.requests = 0;
  }

  // The names of the next two functions are those of oidc-provider, which calls the first once for each request.
  nextChallenge() {
    if (this.requests++ % this.period === 0) {
      this.issued.push(`${this.prefix}${randomBytes(16).toString('base64url')}`);
      this.issued.splice(0, this.issued.length - this.window);
    }
    return this.issued.at(-1);
  }

  checkChallenge(nonce) {
    const index = this.issued.indexOf(nonce);
    if (index >= 0 && this.singleUse) {
      this.issued[index] = undefined;
    }
    return index >= 0;
  }

  /** Makes a provider use these nonces. */
  replaceThoseOf(provider) {
    Object.defineProperty(instance(provider), 'DPoPNonces', { get: () => (this.isRequired ? this : undefined) });
  }
}
