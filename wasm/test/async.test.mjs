import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test, { after } from 'node:test';
import * as worker from '../npm/dist/async.node.js';
import * as sync from '../npm/dist/index.js';

const plan = { samplingRate: 0.01, noiseMultiplier: 1, steps: 1000 };
after(() => worker.close());

test('the worker answers what the functions answer', async () => {
  assert.deepEqual(await worker.epsilon(plan, { delta: 1e-5 }), sync.epsilon(plan, { delta: 1e-5 }));
  assert.deepEqual(await worker.delta(plan, { epsilon: 2 }), sync.delta(plan, { epsilon: 2 }));
  assert.deepEqual(await worker.check(plan, { epsilon: 2, delta: 1e-5 }), sync.check(plan, { epsilon: 2, delta: 1e-5 }));
});

test('errors come back as they are', async () => {
  await assert.rejects(worker.epsilon({ ...plan, steps: 0 }, { delta: 1e-5 }), (e) => e instanceof RangeError && e.parameter === 'steps' && e.value === 0 && e.code === 'ERR_OUT_OF_RANGE');
});

test('what cannot be copied into a worker is refused, and nothing is left waiting', async () => {
  await assert.rejects(worker.epsilon({ ...plan, steps: () => 1 }, { delta: 1e-5 }), (e) => e instanceof RangeError && e.parameter === 'plan' && e.code === 'ERR_OUT_OF_RANGE');
  await assert.rejects(worker.epsilon(plan, null), { parameter: 'delta' });
  await assert.rejects(worker.epsilon(plan), { parameter: 'delta' });
  assert.ok((await worker.epsilon(plan, { delta: 1e-5 })).upper > 1.8);
  // A process whose only call was refused ends by itself.
  const url = new URL('../npm/dist/async.node.js', import.meta.url).href;
  execFileSync('node', ['--input-type=module', '-e', `import { epsilon } from '${url}'; await epsilon({ f() {} }, {}).catch(() => {});`], { timeout: 20_000 });
});

test('aborting stops one call and leaves the others', async () => {
  const control = new AbortController();
  const long = worker.curve(plan, { over: 'noiseMultiplier', delta: 1e-5, points: 1000, signal: control.signal });
  const short = worker.epsilon(plan, { delta: 1e-5 });
  setTimeout(() => control.abort(), 20);
  await assert.rejects(long, { name: 'AbortError' });
  assert.deepEqual(await short, sync.epsilon(plan, { delta: 1e-5 }));
});

test('a signal that is aborted already', async () => {
  await assert.rejects(worker.epsilon(plan, { delta: 1e-5, signal: AbortSignal.abort() }), { name: 'AbortError' });
});

test('closing ends what is open, and a new call starts again', async () => {
  const open = worker.curve(plan, { over: 'noiseMultiplier', delta: 1e-5, points: 1000 });
  worker.close();
  await assert.rejects(open, { name: 'AbortError' });
  assert.ok((await worker.epsilon(plan, { delta: 1e-5 })).upper > 1.8);
});
