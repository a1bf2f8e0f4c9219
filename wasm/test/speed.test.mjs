// How long it takes. Each figure is the best of several runs in one process or several, which a busy machine reaches too;
// the medians of a quiet one are printed.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { browser, dist, needs, run } from './peers.mjs';
import { curve, epsilon } from '../npm/dist/index.js';

const settings = [[0.0297, 0.65, 606, 1e-5], [2000 / 392702, 0.6, 3534, 1e-6], [0.01, 1, 1000, 1e-5], [0.001, 0.8, 1e5, 1e-7], [1e-4, 0.5, 1e6, 1e-10]]
  .map(([samplingRate, noiseMultiplier, steps, delta]) => [{ samplingRate, noiseMultiplier, steps }, { delta }]);

/** Milliseconds of the processor, which do not count what else the machine does. */
const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** @param {number} n @param {() => void} f */
function times(n, f, clock = () => performance.now()) {
  const list = [];
  for (let i = 0; i < n; i++) {
    const start = clock();
    f();
    list.push(clock() - start);
  }
  return list.sort((a, b) => a - b);
}

const middle = (list) => list[list.length >> 1];

const firstAnswer = 5; // ms from before the import until the first certified ε is there, where Node imports an empty module in emptyImport
const emptyImport = 0.8;

/** What fresh processes of Node take for an empty module, in units of emptyImport: how much slower than that this machine is. */
const slowness = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'ewtune-speed-'));
  try {
    writeFileSync(join(folder, 'empty.mjs'), '');
    writeFileSync(join(folder, 'first.mjs'), `const start = performance.now();
      await import('./empty.mjs');
      process.stdout.write(String(performance.now() - start));`);
    const all = Array.from({ length: 15 }, () => Number(run('node', [join(folder, 'first.mjs')])));
    return Math.max(1, Math.min(...all) / emptyImport);
  } finally {
    rmSync(folder, { recursive: true });
  }
})();

/**
 * The best of several fresh processes or pages, by the wall clock and with nothing taken off. It stops at the first that is
 * good enough: on a quiet machine that is one of the first. Where more runs than processors want to run all the time, no
 * figure of a few milliseconds can be taken, and the bound is five times as large.
 *
 * @param {string} what
 * @param {() => any} once
 */
async function reaches(what, once) {
  let best = Infinity;
  let runs = 0;
  for (const end = Date.now() + 15_000; best > firstAnswer && Date.now() < end; runs++) best = Math.min(best, await once());
  const busy = loadavg()[0] > availableParallelism();
  const bound = firstAnswer * (busy ? 5 : Math.min(slowness, 5));
  console.log(`# ${what}: ${best.toFixed(2)} ms, best of ${runs}${busy ? ' on a busy machine' : ''}; bound ${bound.toFixed(2)} ms`);
  assert.ok(best <= bound, `${what}: ${best} ms`);
}

const plan = '{ samplingRate: 0.01, noiseMultiplier: 1, steps: 1000 }, { delta: 1e-5 }';
for (const [kind, file, load] of [
  ['ESM', 'first.mjs', `await import(${JSON.stringify(pathToFileURL(join(dist, 'index.js')).href)})`],
  ['CommonJS', 'first.cjs', `require(${JSON.stringify(join(dist, 'index.cjs'))})`],
]) {
  test(`Node, ${kind}: import and first certified epsilon take at most ${firstAnswer} ms`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'ewtune-speed-'));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, file), `const start = performance.now();
      const { epsilon } = ${load};
      epsilon(${plan});
      const end = performance.now();
      process.stdout.write(String(end - start));`);
    return reaches(kind, () => Number(run('node', [join(folder, file)])));
  });
}

test('certified epsilon of settings 1 to 5: median at most 1 ms, worst at most 6 ms', () => {
  const best = settings.map(([plan, options]) => {
    const found = times(60, () => epsilon(plan, options));
    console.log(`# ${plan.samplingRate.toPrecision(3)}, ${plan.noiseMultiplier}, ${plan.steps}: best ${found[0].toFixed(3)}, median ${middle(found).toFixed(3)} ms`);
    return found[0];
  });
  assert.ok(middle([...best].sort((a, b) => a - b)) <= 1, `median ${best}`);
  assert.ok(Math.max(...best) <= 6, `worst ${best}`);
});

const [middling, { delta }] = settings[2];
const curves = [{ over: 'epsilon', from: 0, to: 4 }, { over: 'alpha' }, { over: 'steps', delta, from: 20 }];

test('a curve of 200 points: at most a frame, 16 ms', () => {
  for (const options of curves) {
    const draw = () => curve(middling, { ...options, points: 200 });
    const [found, cpu] = [times(15, draw), times(15, draw, processor)];
    console.log(`# 200 points over ${options.over}: best ${found[0].toFixed(1)}, median ${middle(found).toFixed(1)} ms; of the processor best ${cpu[0].toFixed(1)} ms`);
    assert.ok(Math.min(found[0], cpu[0]) <= 16, `${options.over}: ${found[0]} ms`);
  }
});

/** A server for one page and the library, and a browser. */
async function site(t) {
  const script = readFileSync(join(dist, 'index.js'));
  const server = createServer((request, response) => request.url === '/index.js'
    ? response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    : response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>times</title>'));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const app = await browser();
  t.after(() => app.close());
  return async () => {
    const page = await (await app.newContext()).newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    return page;
  };
}

// The library as part of the page's own script, where bundlers put it. What import() adds in Chromium, some 2.5 ms for an
// empty module from memory too, is between its processes; it is printed beside.
needs('EWTUNE_CHROMIUM', `Chromium: a script with the library and its first certified epsilon take at most ${firstAnswer} ms`, async (t) => {
  const fresh = await site(t);
  const once = async (/** @type {boolean} */ imported) => {
    const page = await fresh();
    const time = await page.evaluate(async ([plan, imported]) => {
      const text = await (await fetch('/index.js')).text();
      const script = document.createElement('script');
      script.textContent = `{${text.replace(/export\s*\{[^}]*\};?\s*$/, '')};epsilon(${plan})}`;
      const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
      const start = performance.now();
      if (imported) (await import(url)).epsilon(...(0, eval)(`[${plan}]`));
      else document.head.append(script);
      return performance.now() - start;
    }, [plan, imported]);
    await page.context().close();
    return time;
  };
  await reaches('as part of the page’s script', () => once(false));
  console.log(`# by import() from memory: ${(await Promise.all([1, 2, 3].map(() => once(true)))).map((x) => x.toFixed(1)).join(', ')} ms`);
});

needs('EWTUNE_CHROMIUM', 'Chromium: settings 1 to 5, curves', async (t) => {
  const page = await (await site(t))();
  const [single, many] = await page.evaluate(async ([settings, curves, plan]) => {
    const { epsilon, curve } = await import('/index.js');
    const best = (n, f) => Math.min(...Array.from({ length: n }, () => {
      const start = performance.now();
      f();
      return performance.now() - start;
    }));
    return [settings.map(([p, options]) => best(60, () => epsilon(p, options))), curves.map((options) => best(20, () => curve(plan, { ...options, points: 200 })))];
  }, [settings, curves, middling]);
  console.log(`# Chromium, settings 1 to 5: ${single.map((x) => x.toFixed(2)).join(', ')} ms; curves over ${curves.map((c, i) => `${c.over} ${many[i].toFixed(1)}`).join(', ')} ms`);
  assert.ok(middle([...single].sort((a, b) => a - b)) <= 1 && Math.max(...single) <= 6, String(single));
  assert.ok(Math.max(...many) <= 16, String(many));
});
