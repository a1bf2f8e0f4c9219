import { wasi } from './wasi.mjs';

const notSupported = 52;

/**
 * Go's os package asks for functions that a program which only computes never calls.
 *
 * @param {WebAssembly.Module} module
 * @param {ReturnType<typeof wasi>} host
 */
function withRest(module, host) {
  for (const { name } of WebAssembly.Module.imports(module)) host.wasi_snapshot_preview1[name] ??= () => notSupported;
  return host;
}

/** @type {(wasm: any) => any} */
export function instantiate(wasm) {
  const module = wasm instanceof WebAssembly.Module ? wasm : new WebAssembly.Module(wasm);
  /** @type {{ memory?: WebAssembly.Memory }} */
  const host = {};
  const exports = /** @type {any} */ (new WebAssembly.Instance(module, withRest(module, wasi(host))).exports);
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
