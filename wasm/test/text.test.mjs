import assert from 'node:assert/strict';
import test from 'node:test';
import { parse, show, showBound, step } from '../npm/src/text.mjs';
import { explain, language, words } from '../npm/src/words.mjs';

test('numbers are read as people write them', () => {
  for (const [text, want] of [
    ['1e-6', 1e-6], ['1E-6', 1e-6], ['10^-6', 1e-6], ['10⁻⁶', 1e-6], ['10⁶', 1e6], ['10**-6', 1e-6], ['2.5·10^-6', 2.5e-6], ['2.5 × 10^-6', 2.5e-6],
    ['1/393000', 1 / 393000], ['1/N', 1 / 67349], ['2000/N', 2000 / 67349], ['1,000,000', 1e6], ['1 000', 1000], ['5 %', 0.05], [' .5 ', 0.5], ['−3', -3], ['0', 0],
  ]) assert.equal(parse(text, { N: 67349 }), want, text);
  for (const text of ['', 'x', '1e', '1.2.3', '1/', '--1', '0x10', 'Infinity', '1,00', 'toString']) assert.ok(Number.isNaN(parse(text)), text);
});

test('steps move by two significant digits, coarse ones by one', () => {
  for (const [x, sign, how, want] of [
    [0.7865, 1, {}, 0.79], [0.7865, -1, {}, 0.78], [0.79, 1, {}, 0.8], [1, -1, {}, 0.99], [1, 1, {}, 1.1], [1e-5, -1, {}, 9.9e-6], [1e-5, 1, {}, 1.1e-5],
    [1e-5, 1, { coarse: true }, 2e-5], [1e-5, -1, { coarse: true }, 9e-6], [660, 1, { whole: true }, 670], [9, 1, { whole: true }, 10], [10, -1, { whole: true }, 9], [1, -1, { whole: true }, 1], [67349, 1, { whole: true }, 68000],
  ]) assert.equal(step(x, sign, how), want, `${x} ${sign} ${JSON.stringify(how)}`);
});

test('up then down comes back to a number of two digits', () => {
  for (let m = 10; m < 100; m++) for (const e of [-9, -2, 0, 3]) {
    const x = Number(`${m}e${e}`);
    assert.equal(step(step(x, 1), -1), x);
  }
});

test('a printed bound is a bound', () => {
  let x = 1.2345e-12;
  for (let i = 0; i < 4000; i++, x *= 1.0191) {
    for (const digits of [1, 4, 9]) {
      assert.ok(Number(showBound(x, 'up', digits)) >= x, `${x} up ${digits}: ${showBound(x, 'up', digits)}`);
      assert.ok(Number(showBound(x, 'down', digits)) <= x, `${x} down ${digits}: ${showBound(x, 'down', digits)}`);
    }
  }
  assert.equal(showBound(8.28900001, 'up', 4), '8.29');
  assert.equal(show(Infinity), '∞');
});

test('every language has every word, with the same places to fill', () => {
  const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort().join();
  for (const [name, w] of Object.entries(words)) {
    assert.deepEqual(Object.keys(w).sort(), Object.keys(words.en).sort(), name);
    for (const key of Object.keys(words.en)) assert.equal(places(w[key]), places(words.en[key]), `${name}.${key}`);
  }
  assert.equal(language('de-AT'), words.de);
  assert.equal(language('xx'), words.en);
});

test('errors speak the reader’s language', () => {
  const error = { code: 'ERR_OUT_OF_RANGE', parameter: 'delta', value: 2, message: '' };
  assert.match(explain(error, words.fr), /^Delta : 2 n’est pas valable/);
  assert.match(explain({ ...error, code: 'ERR_WASM_BLOCKED' }, words.ja), /WebAssembly/);
});
