// The caller's side of ewtune/async. One worker serves all calls, in order; giving up on the call that it works on stops
// it, and the calls behind that one move to a new worker.
import { rangeError } from './error.mjs';
import { version } from './version.gen.mjs';

/**
 * @typedef {object} Port
 * @property {(request: object) => void} post
 * @property {() => void} stop
 * @property {(busy: boolean) => void} hold keeps the process alive while calls are open
 *
 * @typedef {object} Call
 * @property {object} request
 * @property {(value: any) => void} resolve
 * @property {(reason: any) => void} reject
 */

/** @param {any} error what the worker sent */
function revive({ message, range, ...fields }) {
  return Object.assign(range ? new RangeError(message) : new Error(message), fields);
}

/**
 * @param {(receive: (answer: any) => void, fail: (reason: unknown) => void) => Port} connect
 */
export function client(connect) {
  /** @type {Port | undefined} */
  let port;
  /** @type {Map<number, Call>} */
  const open = new Map();
  let last = 0;

  /** @param {number} id */
  function end(id) {
    const call = open.get(id);
    open.delete(id);
    if (open.size === 0) port?.hold(false);
    return call;
  }

  /** @param {any} answer */
  function receive({ id, result, error }) {
    const call = end(id);
    if (error) call?.reject(revive(error));
    else call?.resolve(result);
  }

  /** @param {unknown} reason */
  function fail(reason) {
    port = undefined;
    for (const call of open.values()) call.reject(reason);
    open.clear();
  }

  /** @param {Call} call */
  function send(call) {
    port ??= connect(receive, fail);
    port.hold(true);
    port.post(call.request);
  }

  function close() {
    port?.stop();
    port = undefined;
  }

  /** @param {number} id @param {unknown} reason */
  function abandon(id, reason) {
    const call = open.get(id);
    if (!call) return;
    open.delete(id);
    call.reject(reason);
    close();
    for (const other of open.values()) send(other);
  }

  /** @param {string} name */
  const method = (name) => (/** @type {any} */ plan, /** @type {any} */ given) =>
    new Promise((resolve, reject) => {
      const { signal, ...options } = given ?? {};
      if (signal?.aborted) return reject(signal.reason);
      const id = ++last;
      const stop = () => abandon(id, signal.reason);
      const settle = (/** @type {(x: any) => void} */ f) => (/** @type {any} */ x) => {
        signal?.removeEventListener('abort', stop);
        f(x);
      };
      signal?.addEventListener('abort', stop, { once: true });
      const call = { request: { id, name, args: [plan, options] }, resolve: settle(resolve), reject: settle(reject) };
      open.set(id, call);
      try {
        send(call);
      } catch {
        end(id)?.reject(rangeError('plan', plan, 'must hold plain values only, as options must, to be copied into a worker'));
      }
    });

  return {
    epsilon: method('epsilon'), delta: method('delta'), noiseMultiplier: method('noiseMultiplier'), maxSteps: method('maxSteps'),
    maxSamplingRate: method('maxSamplingRate'), curve: method('curve'), check: method('check'), version,
    close() {
      close();
      fail(Object.assign(new Error('ewtune/async was closed'), { name: 'AbortError' }));
    },
  };
}
