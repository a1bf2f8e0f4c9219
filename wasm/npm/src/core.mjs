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
 * The module's bytes, two hexadecimal digits each.
 *
 * @returns {Uint8Array<ArrayBuffer>}
 */
function decode() {
  const { Uint8Array: Bytes, Buffer } = /** @type {any} */ (globalThis);
  if (Bytes.fromHex) return Bytes.fromHex(code);
  if (Buffer) return Buffer.from(code, 'hex');
  const bytes = new Uint8Array(code.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(code.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** @returns {WebAssembly.Module} */
function compile() {
  try {
    return new WebAssembly.Module(decode());
  } catch (cause) {
    const message =
      "WebAssembly is blocked here: the page's Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src";
    throw Object.assign(new Error(message, { cause }), { code: 'ERR_WASM_BLOCKED' });
  }
}

/** @returns {Core} */
function start() {
  /** @type {{ memory?: WebAssembly.Memory }} */
  const host = {};
  const { exports } = new WebAssembly.Instance(compile(), imports(host));
  const { memory, _initialize, ...rest } = /** @type {any} */ (exports);
  host.memory = memory;
  _initialize?.();
  /** @param {string} name @param {number} length */
  const array = (name, length) => new Float64Array(memory.buffer, address(rest[name]), length);
  return { run: rest, input: array('input', 200), output: array('output', 6008) };
}

/**
 * A constant of the small core is a global, of the whole module a function.
 *
 * @param {WebAssembly.Global | (() => number)} x
 */
const address = (x) => (typeof x === 'function' ? x() : x.value);

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
