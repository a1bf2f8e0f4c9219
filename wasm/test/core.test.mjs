// The small core against the whole module, bit by bit, and against the same kernel compiled for this machine.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { instantiate } from '../npm/dist/full.js';
import { dist, root } from './peers.mjs';

const questions = Number(process.env.EWTUNE_VECTORS ?? 10_000);
const row = 1 + 20 + 8;
const names = ['epsilon', 'delta', 'noise', 'steps', 'rate'];

const small = (() => {
  const module = new WebAssembly.Module(readFileSync(join(dist, 'core.wasm')));
  assert.deepEqual(WebAssembly.Module.imports(module), [], 'the small core imports nothing');
  return machine(new WebAssembly.Instance(module).exports);
})();
const whole = machine(instantiate(readFileSync(join(dist, 'full.wasm'))).exports);

/** @param {any} e */
function machine(e) {
  const at = (x) => (typeof x === 'function' ? x() : x.value);
  const array = (x, n) => () => new Float64Array(e.memory.buffer, at(x), n);
  return { run: e, input: array(e.input, 200), output: array(e.output, 6008) };
}

/** @param {ReturnType<typeof machine>} m */
function answer(m, name, input) {
  m.input().set(input);
  m.run[name]();
  return m.output().slice(0, 8);
}

const same = (a, b) => Object.is(a, b) || (a === b && a !== 0);

test(`${questions} random plans: small core, whole module and native Go agree`, () => {
  const bytes = execFileSync('go', ['run', './wasm/vectors', '-n', String(questions)], { cwd: root, maxBuffer: 1 << 30 });
  const all = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  assert.equal(all.length, questions * row);
  let equal = 0;
  for (let i = 0; i < questions; i++) {
    const v = all.subarray(i * row, (i + 1) * row);
    const [name, input, native] = [names[v[0]], v.subarray(1, 21), v.subarray(21)];
    const a = answer(small, name, input);
    const b = answer(whole, name, input);
    const told = () => `question ${i}: ${name} of ${input}: small ${a}, whole ${b}, native ${native}`;
    assert.ok(a.every((x, k) => Object.is(x, b[k])), told());
    assert.ok(a.every((x, k) => same(x, native[k]) || Math.abs(x - native[k]) <= 1e-12 * Math.abs(native[k])), told());
    equal += a.every((x, k) => Object.is(x, native[k])) ? 1 : 0;
  }
  console.log(`# bit-equal to native Go: ${equal} of ${questions}`);
});

/** Series of points: a known one of each kind, and some of random plans, few or many steps, one phase or two. */
function* serials() {
  yield ['deltas', [1, 0.1, 9, 0, 1, 40, 0, 0, 0.01, 1, 1000]];
  yield ['epsilons', [1, 100, 1000, 0, 1, 40, 0, 1e-5, 0.01, 1, 1000]];
  let state = 1;
  const between = (from, to) => from * (to / from) ** ((state = (state * 48271) % 2147483647) / 2147483647);
  for (let i = 0; i < 40; i++) {
    const [rate, noise, steps, adjacency] = [i % 8 === 3 ? 1 : between(1e-4, 0.5), between(0.5, 8), Math.round(between(2, 1e5)), i % 5 === 2 ? 1 : 0];
    const more = i % 4 === 1 ? [between(1e-3, 0.3), between(0.8, 8), Math.round(between(10, 1e4))] : [];
    yield ['deltas', [1 + more.length / 3, between(1e-3, 1), between(1, 20), 0, 1, 12, adjacency, 0, rate, noise, steps, ...more]];
    yield ['epsilons', [1, Math.ceil(steps / 10), steps, 0, 1, 12, adjacency, between(1e-10, 1e-3), rate, noise, steps]];
  }
}

test('series of the small core are those of the whole module', () => {
  for (const [name, input] of serials()) {
    for (const m of [small, whole]) {
      m.input().set(input);
      m.run[name]();
    }
    const size = 8 + 6 * input[5];
    assert.deepEqual([...small.output().slice(0, size)], [...whole.output().slice(0, size)], `${name} of ${input}`);
  }
});

test('at the edges too, the small core answers as the whole module, infinities and zeros included', () => {
  const plan = (...p) => [p.length / 3, ...p];
  const ask = (name, a, b, [n, ...p], accountant = 0, adjacency = 0) => [name, [n, a, b, accountant, 2, 0, adjacency, 0, ...p]];
  for (const [name, input] of [
    ask('noise', 1e-6, 1e-12, plan(1, NaN, 2 ** 40)), ask('rate', 1e-9, 1e-300, plan(NaN, 0.01, 1e6)), ask('steps', 0.01, 1e-5, plan(1, 0.5, NaN)),
    ask('steps', 1e5, 0.5, plan(1e-9, 100, NaN)), ask('epsilon', 1e-300, 0, plan(0.5, 0.01, 3)), ask('epsilon', 0.999, 0, plan(1e-12, 1e6, 1)),
    ask('epsilon', 1e-5, 0, plan(1e-3, 1, 5)), ask('epsilon', 1e-5, 0, plan(1e-3, 1, 5), 0, 1), ask('delta', 0, 0, plan(1e-3, 1, 5)), ask('delta', 700, 0, plan(0.9, 0.1, 1e9)),
    ask('epsilon', 1e-9, 0, plan(1e-6, 0.8, 1e4, 0.3, 2, 7)), ...[1, 2, 3].map((accountant) => ask('epsilon', 1e-9, 0, plan(1e-9, 50, 1), accountant)),
  ]) assert.deepEqual(answer(small, name, input), answer(whole, name, input), `${name} of ${input}`);
});

test('a trap leaves the core usable', () => {
  const question = [1, 1e-5, 0, 0, 1, 0, 0, 0, 0.01, 1, 1000];
  const before = answer(small, 'epsilon', question);
  assert.throws(() => answer(small, 'epsilon', [1000]), WebAssembly.RuntimeError);
  assert.deepEqual(answer(small, 'epsilon', question), before);
});
