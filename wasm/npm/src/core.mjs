import { alphabet, code, imports } from './core.gen.mjs';

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
 * The module's bytes: the alphabet's letters stand for 0 to 255.
 *
 * @returns {Uint8Array<ArrayBuffer>}
 */
function decode() {
  /** @type {number[]} */
  const value = [];
  for (let i = 0; i < 256; i++) value[alphabet.charCodeAt(i)] = i;
  const bytes = new Uint8Array(code.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = value[code.charCodeAt(i)];
  return bytes;
}

/** @returns {WebAssembly.Module} */
function compile() {
  const bytes = decode();
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    if (!WebAssembly.validate(bytes)) throw new Error('the core of ewtune was damaged: this file must be served and read as UTF-8', { cause });
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
