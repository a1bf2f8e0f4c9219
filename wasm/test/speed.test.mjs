// How long it takes. Each figure is the best of several runs in one process or several, by the wall clock and with nothing
// taken off; medians are printed. What a machine does in a millisecond differs, also from minute to minute: beside every run
// goes one of the yardstick, and where that takes more than on a quiet machine, the bound is above the figure in proportion.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { browser, dist, needs, run } from './peers.mjs';
import { script } from './yardstick.mjs';
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

const firstAnswer = 5; // ms from before the import until the first certified ε is there
const enough = 20; // runs of the yardstick tell what the machine is doing
const quiet = 2.9; // ms: three quarters of them take longer than about this on a quiet machine, in Node as in Chromium

const folder = mkdtempSync(join(tmpdir(), 'ewtune-speed-'));
test.after(() => rmSync(folder, { recursive: true }));

/**
 * Milliseconds that statements take in a fresh process.
 *
 * @param {string} name of the file
 * @param {string} statements
 */
function once(name, statements) {
  writeFileSync(join(folder, name), `const start = performance.now();
    ${statements}
    const end = performance.now(); // before process.stdout, whose first use takes milliseconds
    process.stdout.write(String(end - start));`);
  return Number(run('node', [join(folder, name)]));
}

writeFileSync(join(folder, 'yardstick.mjs'), script);
const yardstick = () => once('measure.mjs', "await import('./yardstick.mjs');");

/** The number that three quarters of a list reach, of one in order. @param {number[]} list */
const quartile = (list) => list[list.length >> 2];

/**
 * Asserts a figure of the best of several fresh processes or pages, with as many runs of the yardstick between them. It stops at
 * the first that reaches the figure; only after enough does what the yardstick took count.
 *
 * @param {string} what
 * @param {number} figure in milliseconds
 * @param {() => any} measure
 * @param {() => any} [beside] runs the yardstick in a place of the same kind
 */
async function reaches(what, figure, measure, beside = yardstick) {
  const all = [];
  const yards = [];
  const bound = () => figure * Math.max(1, quartile(yards) / quiet);
  const end = Date.now() + 60_000;
  do {
    yards.push(await beside());
    all.push(await measure());
    for (const list of [all, yards]) list.sort((a, b) => a - b);
  } while (all[0] > (all.length < enough ? figure : bound()) && Date.now() < end);
  const times = (/** @type {number[]} */ list) => [list[0], quartile(list), middle(list)].map((x) => x.toFixed(2)).join(' ');
  console.log(`# ${what}: best, quartile and median ${times(all)} ms of ${all.length}, of the yardstick ${times(yards)}; bound ${bound().toFixed(2)}`);
  assert.ok(all[0] <= bound(), `${what}: ${all[0]} ms`);
}

const plan = '{ samplingRate: 0.01, noiseMultiplier: 1, steps: 1000 }, { delta: 1e-5 }';
for (const [kind, file, load] of [
  ['ESM', 'first.mjs', `await import(${JSON.stringify(pathToFileURL(join(dist, 'index.js')).href)})`],
  ['CommonJS', 'first.cjs', `require(${JSON.stringify(join(dist, 'index.cjs'))})`],
]) {
  test(`Node, ${kind}: import and first certified epsilon take at most ${firstAnswer} ms`, () => reaches(kind, firstAnswer, () => once(file, `(${load}).epsilon(${plan});`)));
}

test('certified epsilon of settings 1 to 5: median at most 1 ms, worst at most 6 ms', async () => {
  const best = () => settings.map(([plan, options]) => times(60, () => epsilon(plan, options))[0]).sort((a, b) => a - b);
  await reaches('settings 1 to 5, the median', 1, () => middle(best()));
  await reaches('settings 1 to 5, the worst', 6, () => Math.max(...best()));
});

const [middling, { delta }] = settings[2];
const curves = [{ over: 'epsilon', from: 0, to: 4 }, { over: 'alpha' }, { over: 'steps', delta, from: 20 }];

test('a curve of 200 points: at most a frame, 16 ms', async () => {
  for (const options of curves) await reaches(`200 points over ${options.over}`, 16, () => times(5, () => curve(middling, { ...options, points: 200 }))[0]);
});

/** A server for one page and the library, and a browser. */
async function site(t) {
  const library = readFileSync(join(dist, 'index.js'));
  const server = createServer((request, response) => request.url === '/index.js'
    ? response.writeHead(200, { 'content-type': 'text/javascript' }).end(library)
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

/** The library and a question as a script: its exports as an object, and what the question calls. */
function inScript() {
  const text = readFileSync(join(dist, 'index.js'), 'utf8');
  const [whole, name] = /export\s*\{.*?([\w$]+) as epsilon.*\};?\s*$/.exec(text) ?? assert.fail('index.js ends with its exports');
  return `{${text.slice(0, -whole.length)};${name}(${plan})}`;
}

// The library as part of the page's own script, where bundlers put it. What import() adds in Chromium, some 2.5 ms for an
// empty module from memory too, is between its processes; it is printed beside.
needs('EWTUNE_CHROMIUM', `Chromium: a script with the library and its first certified epsilon take at most ${firstAnswer} ms`, async (t) => {
  const fresh = await site(t);
  /** Milliseconds in a fresh page. @param {(argument: any) => Promise<number>} body @param {any} argument */
  const once = async (body, argument) => {
    const page = await fresh();
    const time = await page.evaluate(body, argument);
    await page.context().close();
    return time;
  };
  const added = async (/** @type {string} */ text) => {
    const element = document.createElement('script');
    element.textContent = text;
    const start = performance.now();
    document.head.append(element);
    return performance.now() - start;
  };
  const imported = async (/** @type {any} */ request) => {
    const url = URL.createObjectURL(new Blob([await (await fetch('/index.js')).text()], { type: 'text/javascript' }));
    const start = performance.now();
    (await import(url)).epsilon(...request);
    return performance.now() - start;
  };
  await reaches('as part of the page’s script', firstAnswer, () => once(added, inScript()), () => once(added, script));
  const request = (0, eval)(`[${plan}]`);
  console.log(`# by import() from memory: ${(await Promise.all([1, 2, 3].map(() => once(imported, request)))).map((x) => x.toFixed(1)).join(', ')} ms`);
});

needs('EWTUNE_CHROMIUM', 'Chromium: settings 1 to 5, curves', async (t) => {
  const page = await (await site(t))();
  const best = (/** @type {number} */ points) => page.evaluate(async ([settings, curves, plan, points]) => {
    const { epsilon, curve } = await import('/index.js');
    const best = (n, f) => Math.min(...Array.from({ length: n }, () => {
      const start = performance.now();
      f();
      return performance.now() - start;
    }));
    return points ? curves.map((options) => best(10, () => curve(plan, { ...options, points })))
      : settings.map(([p, options]) => best(60, () => epsilon(p, options))).sort((a, b) => a - b);
  }, [settings, curves, middling, points]);
  await reaches('settings 1 to 5, the median', 1, async () => middle(await best(0)));
  await reaches('settings 1 to 5, the worst', 6, async () => Math.max(...await best(0)));
  await reaches('200 points, the slowest curve', 16, async () => Math.max(...await best(200)));
});
