// What a machine takes for work like ours: to read a script that holds a WebAssembly module, compile it, and run half of it once.
// It is made here, and the same whatever becomes of the package; what it takes, beside what the package takes, tells a slow
// machine, or a busy one, from a slow package.

const functions = 100;
const rounds = 20; // in each function

/** @param {number} n */
const leb = (n) => (n < 128 ? [n] : [(n & 127) | 128, n >> 7]);

/** @param {number[]} content */
const sized = (content) => [content.length & 127 | 128, content.length >> 7 & 127 | 128, content.length >> 14, ...content];

/** @param {number} id @param {number[]} content */
const section = (id, content) => [id, ...sized(content)];

/** One function: some arithmetic on locals with a branch in each round, then a call of the next one but one. */
function body(/** @type {number} */ i) {
  const code = [1, 8, 0x7c]; // eight locals, f64
  for (let k = 0; k < rounds; k++) {
    const [a, b, c] = [k % 8, (k + 1) % 8, (k + 3) % 8];
    code.push(0x02, 0x40, 0x20, a, 0x20, b, 0x63, 0x0d, 0); // block: leave if a < b
    code.push(0x20, a, 0x20, c, 0xa2, 0x20, b, 0xa0, 0x21, c, 0x0b); // c = a·c + b
  }
  if (i + 2 < functions) code.push(0x10, ...leb(i + 2));
  return sized([...code, 0x0b]);
}

const bytes = [
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  ...section(1, [1, 0x60, 0, 0]),
  ...section(3, [...leb(functions), ...Array(functions).fill(0)]),
  ...section(7, [1, 1, 0x66, 0, 0]), // f
  ...section(10, [...leb(functions), ...Array.from({ length: functions }, (_, i) => body(i)).flat()]),
];

/** Functions that are read but not called. */
const idle = Array.from({ length: 100 }, (_, i) => `function idle${i}(a, b) { return a.map((x) => ({ x, y: b[x] + ${i} })).filter(({ y }) => y > a.length); }`);

/** The script; it needs nothing and leaves nothing. */
export const script = `{
  const code = '${Buffer.from(bytes).toString('hex')}';
  ${idle.join('\n')}
  const bytes = Uint8Array.fromHex ? Uint8Array.fromHex(code) : Buffer.from(code, 'hex');
  new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f();
}`;
