import { wasi } from './wasi.mjs';

/** @type {(wasm: any) => any} */
export function instantiate(wasm) {
  const module = wasm instanceof WebAssembly.Module ? wasm : new WebAssembly.Module(wasm);
  /** @type {{ memory?: WebAssembly.Memory }} */
  const host = {};
  const exports = /** @type {any} */ (new WebAssembly.Instance(module, wasi(host)).exports);
  host.memory = exports.memory;
  exports._initialize();
  const bytes = (/** @type {number} */ at, /** @type {number} */ n) => new Uint8Array(exports.memory.buffer, at, n);
  return {
    exports,
    call(/** @type {object} */ request) {
      const text = new TextEncoder().encode(JSON.stringify(request));
      bytes(exports.reserve(text.length), text.length).set(text);
      const length = exports.call(text.length);
      return JSON.parse(new TextDecoder().decode(bytes(exports.answer(), length).slice()));
    },
  };
}
