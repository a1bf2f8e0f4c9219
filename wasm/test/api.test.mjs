import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { check, compose, curve, delta, epsilon, maxSamplingRate, maxSteps, noiseMultiplier, version } from '../npm/dist/index.js';
import { instantiate } from '../npm/dist/full.js';

// Settings and exact values: 40-digit arithmetic by two methods, rounded to eleven digits.
const settings = [
  [0.0297, 0.65, 606, 1e-5, 12.9598410491],
  [2000 / 392702, 0.6, 3534, 1e-6, 7.880767228],
  [0.01, 1, 1000, 1e-5, 1.8282366665],
  [0.001, 0.8, 1e5, 1e-7, 3.2262289703],
  [1e-4, 0.5, 1e6, 1e-10, 7.9616441281],
].map(([samplingRate, noiseMultiplier, steps, d, exact]) => ({ plan: { samplingRate, noiseMultiplier, steps }, d, exact }));

const plan = { samplingRate: 0.01, noiseMultiplier: 1, steps: 1000 };

test('the interval encloses the exact epsilon, and is narrow', () => {
  for (const { plan, d, exact } of settings) {
    const r = epsilon(plan, { delta: d });
    assert.ok(r.lower <= exact + 6e-11 && exact - 6e-11 <= r.upper, `${exact} in [${r.lower}, ${r.upper}]`);
    assert.ok(r.upper - r.lower < 1e-8 * exact);
    assert.equal(r.direction, 'remove');
    assert.equal(r.upper, r.directions.remove.upper);
    assert.equal(r.method, 'certified');
  }
});

test('Edgeworth agrees with the whole accountant, whose cumulants have 200 bits, or warns', () => {
  const whole = instantiate(readFileSync(new URL('../npm/dist/full.wasm', import.meta.url)));
  for (const samplingRate of [0.3, 1e-2, 1e-4, 1e-6, 1e-8, 1e-9, 1e-11]) {
    for (const noiseMultiplier of [0.5, 1, 5, 20]) for (const steps of [10, 1e5]) for (const order of [1, 2, 3]) {
      const plan = { samplingRate, noiseMultiplier, steps };
      const r = epsilon(plan, { delta: 1e-5, accountant: 'edgeworth', order });
      const warned = r.warnings.some((w) => w.code === 'rounded');
      assert.equal(warned, samplingRate < 1e-8);
      if (warned) continue;
      const { epsilon: want } = whole.call({ command: 'epsilon', sampling_rate: samplingRate, noise_multiplier: noiseMultiplier, steps, delta: 1e-5, accountant: 'edgeworth', order });
      assert.ok(Math.abs(r.estimate - want.estimate) <= 1e-6 * want.estimate, `${JSON.stringify(plan)}, order ${order}: ${r.estimate}, whole ${want.estimate}`);
    }
  }
});

test('estimates are what they are: below the truth at the paper’s settings, and marked', () => {
  const { plan, d, exact } = settings[0];
  for (const [order, want] of [[1, 11.89], [2, 12.56], [3, 13.08]]) {
    const r = epsilon(plan, { delta: d, accountant: 'edgeworth', order });
    assert.ok(Math.abs(r.estimate - want) < 0.006, `order ${order}: ${r.estimate}`);
    assert.ok(r.warnings.some((w) => w.code === 'estimate'));
  }
  assert.ok(Math.abs(epsilon(plan, { delta: d, accountant: 'gdp' }).estimate - exact + 1.24) < 0.006);
  assert.ok(epsilon(plan, { delta: d, accountant: 'rdp' }).upper >= exact);
});

test('epochs are counted as the trainer counts them', () => {
  const byEpochs = epsilon({ datasetSize: 67349, batchSize: 2000, epochs: 20, noiseMultiplier: 0.7865 }, { delta: 1e-5 });
  const bySteps = epsilon({ samplingRate: 2000 / 67349, steps: 660, noiseMultiplier: 0.7865 }, { delta: 1e-5 });
  assert.deepEqual(byEpochs, bySteps);
  assert.ok(bySteps.lower > 8.288 && bySteps.upper < 8.29, 'the paper’s SST-2 spends 8.289, not 8');
});

test('delta and epsilon are inverse', () => {
  for (const { plan, d } of settings) {
    const e = epsilon(plan, { delta: d });
    const back = delta(plan, { epsilon: e.estimate });
    assert.ok(Math.abs(back.estimate / d - 1) < 1e-6, `${back.estimate} for ${d}`);
    assert.ok(delta(plan, { epsilon: e.upper }).lower <= d && delta(plan, { epsilon: e.lower }).upper >= d);
  }
});

test('solvers meet the target and nothing less would', () => {
  const target = { epsilon: 1.5, delta: 1e-5 };
  const noise = noiseMultiplier({ samplingRate: 0.01, steps: 1000 }, target);
  assert.ok(noise.upper <= 1.5);
  assert.ok(epsilon({ ...plan, noiseMultiplier: noise.noiseMultiplier * (1 - 1e-8) }, target).upper > 1.5);
  const most = maxSteps({ samplingRate: 0.01, noiseMultiplier: 1 }, target);
  assert.ok(most.upper <= 1.5 && epsilon({ ...plan, steps: most.steps + 1 }, target).upper > 1.5);
  const rate = maxSamplingRate({ noiseMultiplier: 1, steps: 1000 }, target);
  assert.ok(rate.upper <= 1.5 && epsilon({ ...plan, samplingRate: rate.samplingRate * (1 + 1e-8) }, target).upper > 1.5);
});

test('no step is within reach of nothing: zero steps', () => {
  const r = maxSteps({ samplingRate: 1, noiseMultiplier: 0.5 }, { epsilon: 0.01, delta: 1e-5 });
  assert.equal(r.steps, 0);
  assert.equal(r.upper, 0);
});

test('composition: parts make the whole, to the bit', () => {
  const parts = compose({ ...plan, steps: 300 }, { ...plan, steps: 700 });
  assert.deepEqual(parts, { phases: [plan] });
  const other = { ...plan, noiseMultiplier: 1.5 };
  const mixed = epsilon(compose({ ...plan, steps: 300 }, other, { ...plan, steps: 700 }), { delta: 1e-5 });
  assert.deepEqual(mixed, epsilon(compose(other, plan), { delta: 1e-5 }));
  assert.ok(mixed.lower > epsilon(plan, { delta: 1e-5 }).upper);
});

test('check: true, false, undecided', () => {
  const { lower, upper, estimate } = epsilon(plan, { delta: 1e-5 });
  assert.equal(check(plan, { epsilon: upper, delta: 1e-5 }).verdict, 'true');
  assert.equal(check(plan, { epsilon: lower - 1e-9, delta: 1e-5 }).verdict, 'false');
  assert.equal(check(plan, { epsilon: (lower + estimate) / 2, delta: 1e-5 }).verdict, 'undecided');
});

test('curves hold what single calls give', () => {
  const steps = curve(plan, { over: 'steps', delta: 1e-5, points: 11 });
  assert.equal(steps.of, 'epsilon');
  assert.deepEqual(steps.points.map((p) => p.x), [1, 101, 201, 301, 401, 501, 600, 700, 800, 900, 1000]);
  for (const p of steps.points.slice(1)) {
    const single = epsilon({ ...plan, steps: p.x }, { delta: 1e-5 });
    assert.ok(p.lower <= single.upper && single.lower <= p.upper, `at ${p.x}`);
  }
  const falling = curve(plan, { over: 'epsilon', from: 0.1, to: 3, points: 9 });
  assert.ok(falling.points.every((p, i, all) => i === 0 || p.upper < all[i - 1].upper));
  const noise = curve(plan, { over: 'noiseMultiplier', delta: 1e-5, points: 5 });
  assert.ok(noise.points.every((p, i, all) => i === 0 || p.upper < all[i - 1].lower));
});

test('the trade-off curve lies between guessing and knowing, encloses itself, and rises', () => {
  const { points, of } = curve(plan, { over: 'alpha', points: 101 });
  assert.equal(of, 'truePositiveRate');
  for (const [i, p] of points.entries()) {
    assert.ok(p.x <= p.lower && p.lower <= p.upper && p.upper <= 1, JSON.stringify(p));
    assert.ok(i === 0 || p.upper >= points[i - 1].upper);
    assert.ok(p.upper - p.lower < 0.03, `width at ${p.x}: ${p.upper - p.lower}`);
  }
});

test('the trade-off curve of one Gaussian is the known one', () => {
  // Without sampling T steps are one Gaussian at distance √T/σ: TPR = Φ(Φ⁻¹(FPR) + μ). With μ = 1: Φ(Φ⁻¹(0.1) + 1) = 0.38911…
  const [, p] = curve({ samplingRate: 1, noiseMultiplier: 10, steps: 100 }, { over: 'alpha', from: 0, to: 0.1, points: 2 }).points;
  assert.ok(p.lower <= 0.389115 && 0.389115 <= p.upper && p.upper < 0.3895, JSON.stringify(p));
});

test('bad arguments: RangeError with code, parameter and value', () => {
  for (const [call, parameter, value] of [
    [() => epsilon({ ...plan, samplingRate: 0 }, { delta: 1e-5 }), 'samplingRate', 0],
    [() => epsilon({ ...plan, samplingRate: 1.01 }, { delta: 1e-5 }), 'samplingRate', 1.01],
    [() => epsilon({ ...plan, noiseMultiplier: -1 }, { delta: 1e-5 }), 'noiseMultiplier', -1],
    [() => epsilon({ ...plan, noiseMultiplier: NaN }, { delta: 1e-5 }), 'noiseMultiplier', NaN],
    [() => epsilon({ ...plan, steps: 1.5 }, { delta: 1e-5 }), 'steps', 1.5],
    [() => epsilon({ ...plan, steps: '10' }, { delta: 1e-5 }), 'steps', '10'],
    [() => epsilon(plan, { delta: 0 }), 'delta', 0],
    [() => epsilon(plan, { delta: 1 }), 'delta', 1],
    [() => epsilon(plan), 'delta', undefined],
    [() => epsilon(null, { delta: 1e-5 }), 'plan', null],
    [() => epsilon(plan, { delta: 1e-5, accountant: 'magic' }), 'accountant', 'magic'],
    [() => epsilon(plan, { delta: 1e-5, accountant: 'edgeworth', order: 4 }), 'order', 4],
    [() => epsilon(plan, { delta: 1e-5, adjacency: 'near' }), 'adjacency', 'near'],
    [() => epsilon({ datasetSize: 10, batchSize: 11, epochs: 1, noiseMultiplier: 1 }, { delta: 1e-5 }), 'batchSize', 11],
    [() => epsilon({ phases: [] }, { delta: 1e-5 }), 'phases', undefined],
    [() => epsilon({ phases: [, plan] }, { delta: 1e-5 }), 'plan', undefined],
    [() => epsilon({ phases: [plan, null] }, { delta: 1e-5 }), 'plan', null],
    [() => epsilon({ ...plan, steps: Object.create(null) }, { delta: 1e-5 }), 'steps', undefined],
    [() => epsilon({ ...plan, steps: 10n }, { delta: 1e-5 }), 'steps', 10n],
    [() => epsilon({ ...plan, datasetSize: 100, batchSize: 10, epochs: 1 }, { delta: 1e-5 }), 'samplingRate', plan.samplingRate],
    [() => maxSteps({ datasetSize: 100, batchSize: 10, noiseMultiplier: 1, steps: 5 }, { epsilon: 1, delta: 1e-5 }), 'steps', 5],
    [() => delta(plan, { epsilon: -1 }), 'epsilon', -1],
    [() => curve(plan, { over: 'time' }), 'over', 'time'],
    [() => curve(plan, { over: 'steps', delta: 1e-5, points: 1 }), 'points', 1],
    [() => curve(plan, { over: 'steps', delta: 1e-5, from: 10, to: 5 }), 'to', 5],
    [() => compose(), 'plans', 0],
  ]) {
    assert.throws(call, (error) => {
      assert.ok(error instanceof RangeError);
      assert.equal(error.code, 'ERR_OUT_OF_RANGE');
      assert.equal(error.parameter, parameter);
      if (value !== undefined) assert.ok(Object.is(error.value, value), `${parameter}: ${error.value}`);
      assert.match(error.message, /must/);
      return true;
    });
  }
});

test('a bad argument is shown as it is, whatever it is', () => {
  for (const [steps, shown] of [['10', '"10"'], [10n, '10n'], [[1, 2], 'of 2 elements'], [Object.create(null), 'of type object'], [() => 1, 'of type function'], [Symbol('x'), 'Symbol(x)'], [null, 'null']]) {
    assert.throws(() => epsilon({ ...plan, steps }, { delta: 1e-5 }), { message: `steps ${shown}: must be a whole number in [1, 2^40]` });
  }
});

test('a target that no noise meets', () => {
  assert.throws(() => noiseMultiplier({ samplingRate: 1, steps: 2 ** 40 }, { epsilon: 1e-6, delta: 1e-12 }), { code: 'ERR_UNREACHABLE', name: 'RangeError' });
});

test('replace-one is dearer than add-remove', () => {
  assert.ok(epsilon(plan, { delta: 1e-5, adjacency: 'replace-one' }).lower > epsilon(plan, { delta: 1e-5 }).upper);
});

test('version', () => assert.match(version, /^\d+\.\d+\.\d+/));
