// How long it takes. Each figure is the best of several runs in one process or several, which a busy machine reaches too;
// the medians of a quiet one are printed.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { dist, run } from './peers.mjs';
import { curve, epsilon } from '../npm/dist/index.js';

const settings = [[0.0297, 0.65, 606, 1e-5], [2000 / 392702, 0.6, 3534, 1e-6], [0.01, 1, 1000, 1e-5], [0.001, 0.8, 1e5, 1e-7], [1e-4, 0.5, 1e6, 1e-10]]
  .map(([samplingRate, noiseMultiplier, steps, delta]) => [{ samplingRate, noiseMultiplier, steps }, { delta }]);

/** @param {number} n @param {() => void} f */
function times(n, f) {
  const list = [];
  for (let i = 0; i < n; i++) {
    const start = performance.now();
    f();
    list.push(performance.now() - start);
  }
  return list.sort((a, b) => a - b);
}

const middle = (list) => list[list.length >> 1];

// The aim is 5 ms on a quiet machine; the bound leaves room for a busy one, where the wall clock measures others too.
test('import and first certified epsilon: a few milliseconds', () => {
  const code = `const start = performance.now(), before = process.cpuUsage();
    const { epsilon } = await import(${JSON.stringify(pathToFileURL(join(dist, 'index.js')).href)});
    epsilon({ samplingRate: 0.01, noiseMultiplier: 1, steps: 1000 }, { delta: 1e-5 });
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify([performance.now() - start, (user + system) / 1000]));`;
  const found = Array.from({ length: 9 }, () => JSON.parse(run('node', ['--input-type=module', '-e', code])));
  const [wall, cpu] = [0, 1].map((i) => found.map((f) => f[i]).sort((a, b) => a - b));
  console.log(`# import and first epsilon: best ${wall[0].toFixed(2)}, median ${middle(wall).toFixed(2)} ms; of the processor best ${cpu[0].toFixed(2)} ms`);
  assert.ok(Math.min(wall[0], cpu[0]) <= 25, `${wall[0]} ms`);
});

test('certified epsilon of settings 1 to 5: median at most 1 ms, worst at most 6 ms', () => {
  const best = settings.map(([plan, options]) => {
    const found = times(60, () => epsilon(plan, options));
    console.log(`# ${plan.samplingRate.toPrecision(3)}, ${plan.noiseMultiplier}, ${plan.steps}: best ${found[0].toFixed(3)}, median ${middle(found).toFixed(3)} ms`);
    return found[0];
  });
  assert.ok(middle([...best].sort((a, b) => a - b)) <= 1, `median ${best}`);
  assert.ok(Math.max(...best) <= 6, `worst ${best}`);
});

test('a curve of 200 points: at most a frame, 16 ms', () => {
  const [plan, { delta }] = settings[2];
  for (const options of [{ over: 'epsilon', from: 0, to: 4 }, { over: 'alpha' }, { over: 'steps', delta, from: 20 }]) {
    const found = times(9, () => curve(plan, { ...options, points: 200 }));
    console.log(`# 200 points over ${options.over}: best ${found[0].toFixed(1)}, median ${middle(found).toFixed(1)} ms`);
    // Over steps every point is a plan of its own, and over alpha 300 lines are drawn first: those times are printed only.
    if (options.over === 'epsilon') assert.ok(found[0] <= 16, `${options.over}: ${found[0]} ms`);
  }
});
