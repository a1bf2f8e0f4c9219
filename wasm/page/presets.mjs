// The eight settings of Behnia, Ebrahimi, Pacheco, Padmanabhan 2022 (arXiv 2210.15042), as their authors' logs have them:
// batch 2000, 20 epochs, the noise that an order-1 Edgeworth estimate gave for epsilon 8.

/** @typedef {{ name: string, datasetSize: number, delta: number, noiseMultiplier: number }} Preset */

/** @type {Preset[]} */
export const presets = [
  { name: 'MNLI', datasetSize: 392702, delta: 1e-5, noiseMultiplier: 0.557 },
  { name: 'QQP', datasetSize: 363849, delta: 1e-5, noiseMultiplier: 0.5635 },
  { name: 'QNLI', datasetSize: 104743, delta: 1e-5, noiseMultiplier: 0.711 },
  { name: 'SST-2', datasetSize: 67349, delta: 1e-5, noiseMultiplier: 0.7865 },
  { name: 'MNLI', datasetSize: 392702, delta: 1e-6, noiseMultiplier: 0.573 },
  { name: 'QQP', datasetSize: 363849, delta: 1e-6, noiseMultiplier: 0.58 },
  { name: 'QNLI', datasetSize: 104743, delta: 1e-6, noiseMultiplier: 0.7395 },
  { name: 'SST-2', datasetSize: 67349, delta: 1e-6, noiseMultiplier: 0.8215 },
];

/** What all eight claim. */
export const claimed = 8;
