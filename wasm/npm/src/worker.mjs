// The worker's side of ewtune/async: takes { id, name, args }, answers { id, result } or { id, error }.
import * as api from './index.mjs';

/** @param {{ id: number, name: string, args: any[] }} request */
function answer({ id, name, args }) {
  try {
    const f = /** @type {Record<string, (...args: any[]) => any>} */ (/** @type {unknown} */ (api))[name];
    return { id, result: f(...args) };
  } catch (error) {
    const { message, code, parameter, value } = /** @type {any} */ (error);
    return { id, error: { message, code, parameter, value, range: error instanceof RangeError } };
  }
}

const node = globalThis.process?.versions?.node ? require('node:worker_threads').parentPort : undefined;
if (node) node.on('message', (/** @type {any} */ request) => node.postMessage(answer(request)));
else globalThis.onmessage = (/** @type {MessageEvent} */ { data }) => globalThis.postMessage(answer(data));
