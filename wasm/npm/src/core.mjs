import { code, imports } from './core.gen.mjs';

/**
 * The compiled kernel: numbers go in through one array in its memory and come out through another.
 *
 * @typedef {object} Core
 * @property {Record<string, () => void>} run
 * @property {Float64Array} input
 * @property {Float64Array} output
 */

/** @type {Core | undefined} */
let core;

/**
 * The module's bytes are written as two hexadecimal digits each.
 *
 * @returns {WebAssembly.Module}
 */
function compile() {
  const { Uint8Array: Bytes, Buffer } = /** @type {any} */ (globalThis);
  const bytes = Bytes.fromHex ? Bytes.fromHex(code) : Buffer ? Buffer.from(code, 'hex') : digits();
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw blocked(cause);
  }
}

/** @param {unknown} cause */
function blocked(cause) {
  const message =
    "WebAssembly is blocked here: the page's Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src";
  return Object.assign(new Error(message, { cause }), { code: 'ERR_WASM_BLOCKED' });
}

/** What older engines do not offer. */
const digits = () => Uint8Array.from({ length: code.length / 2 }, (_, i) => parseInt(code.slice(2 * i, 2 * i + 2), 16));

/** @returns {Core} */
function start() {
  /** @type {{ memory?: WebAssembly.Memory }} */
  const host = {};
  const run = /** @type {any} */ (new WebAssembly.Instance(compile(), imports(host)).exports);
  host.memory = run.memory;
  run._initialize?.();
  return { run, input: array(run, 'input', 200), output: array(run, 'output', 6008) };
}

/**
 * An array of the module. Its address is a global of the small core, of the whole module a function.
 *
 * @param {any} exports
 * @param {string} name
 * @param {number} length
 */
function array(exports, name, length) {
  const at = exports[name];
  return new Float64Array(exports.memory.buffer, typeof at === 'function' ? at() : at.value, length);
}

/**
 * Runs one function of the kernel.
 *
 * @param {string} name
 * @param {ArrayLike<number>} numbers
 * @returns {Float64Array} the output; the next call overwrites it
 */
export function call(name, numbers) {
  core ??= start();
  if (core.input.buffer.byteLength === 0) core = start(); // the whole module's memory grew and moved
  core.input.set(numbers);
  core.run[name]();
  return core.output;
}
