// What the component says, in six languages. `{…}` is filled in; every language has every word (a test checks).

/** @type {Record<string, Record<string, string>>} */
export const words = {
  en: {
    samplingRate: 'Sampling rate', noiseMultiplier: 'Noise multiplier', steps: 'Steps', datasetSize: 'Dataset size',
    batchSize: 'Batch size', epochs: 'Epochs', delta: 'Delta', epsilon: 'Epsilon',
    title: 'Privacy calculator', between: 'certified: between {lower} and {upper}', atMost: 'at most',
    spends: 'spends epsilon {epsilon} at delta {delta}', edgeworth: 'Edgeworth estimate', rdp: 'Rényi bound', gdp: 'Gaussian DP estimate',
    below: 'below the truth', above: 'loose by {amount}', within: 'within the interval', compare: 'Other accountants', method: 'Accountant', value: 'Value', remark: 'Against certified',
    keys: 'Arrow keys step, with Shift ten times as far.',
    invalid: '{field}: {value} is not valid. {rule}', unreachable: 'No {field} in range meets this target.', blocked: 'WebAssembly is blocked by this page’s security policy.',
    rate: 'It must be above 0 and at most 1.', positive: 'It must be above 0.', whole: 'It must be a whole number of at least 1.', open: 'It must be above 0 and below 1.',
    noise: 'It must be between 0.01 and a million.', budget: 'It must be between 0 and a million.', batch: 'It must be at most the dataset size.',
  },
  es: {
    samplingRate: 'Tasa de muestreo', noiseMultiplier: 'Multiplicador de ruido', steps: 'Pasos', datasetSize: 'Tamaño de los datos',
    batchSize: 'Tamaño del lote', epochs: 'Épocas', delta: 'Delta', epsilon: 'Épsilon',
    title: 'Calculadora de privacidad', between: 'certificado: entre {lower} y {upper}', atMost: 'como máximo',
    spends: 'gasta épsilon {epsilon} con delta {delta}', edgeworth: 'Estimación de Edgeworth', rdp: 'Cota de Rényi', gdp: 'Estimación DP gaussiana',
    below: 'por debajo de la verdad', above: 'sobra {amount}', within: 'dentro del intervalo', compare: 'Otros métodos', method: 'Método', value: 'Valor', remark: 'Frente al certificado',
    keys: 'Las flechas cambian el valor; con Mayús, diez veces más.',
    invalid: '{field}: {value} no es válido. {rule}', unreachable: 'Ningún valor de «{field}» cumple este objetivo.', blocked: 'La política de seguridad de esta página bloquea WebAssembly.',
    rate: 'Debe ser mayor que 0 y como máximo 1.', positive: 'Debe ser mayor que 0.', whole: 'Debe ser un entero, 1 como mínimo.', open: 'Debe estar entre 0 y 1, sin incluirlos.',
    noise: 'Debe estar entre 0,01 y un millón.', budget: 'Debe estar entre 0 y un millón.', batch: 'No debe superar el tamaño de los datos.',
  },
  zh: {
    samplingRate: '采样率', noiseMultiplier: '噪声乘数', steps: '步数', datasetSize: '数据集大小',
    batchSize: '批大小', epochs: '轮数', delta: 'δ', epsilon: 'ε',
    title: '隐私计算器', between: '已证明：介于 {lower} 与 {upper} 之间', atMost: '至多',
    spends: '在 δ = {delta} 时消耗 ε = {epsilon}', edgeworth: 'Edgeworth 估计', rdp: 'Rényi 上界', gdp: '高斯 DP 估计',
    below: '低于真实值', above: '高出 {amount}', within: '在区间内', compare: '其他方法', method: '方法', value: '数值', remark: '与已证明值相比',
    keys: '方向键调整数值，按住 Shift 为十倍步长。',
    invalid: '{field}：{value} 无效。{rule}', unreachable: '没有满足该目标的{field}。', blocked: '本页的安全策略禁止了 WebAssembly。',
    rate: '必须大于 0 且不超过 1。', positive: '必须大于 0。', whole: '必须是不小于 1 的整数。', open: '必须大于 0 且小于 1。',
    noise: '必须在 0.01 与一百万之间。', budget: '必须在 0 与一百万之间。', batch: '不得超过数据集大小。',
  },
  fr: {
    samplingRate: 'Taux d’échantillonnage', noiseMultiplier: 'Multiplicateur de bruit', steps: 'Pas', datasetSize: 'Taille des données',
    batchSize: 'Taille du lot', epochs: 'Époques', delta: 'Delta', epsilon: 'Epsilon',
    title: 'Calculateur de confidentialité', between: 'certifié : entre {lower} et {upper}', atMost: 'au plus',
    spends: 'dépense epsilon {epsilon} à delta {delta}', edgeworth: 'Estimation d’Edgeworth', rdp: 'Borne de Rényi', gdp: 'Estimation DP gaussienne',
    below: 'sous la vérité', above: '{amount} de trop', within: 'dans l’intervalle', compare: 'Autres méthodes', method: 'Méthode', value: 'Valeur', remark: 'Face au certifié',
    keys: 'Les flèches changent la valeur ; avec Maj, dix fois plus.',
    invalid: '{field} : {value} n’est pas valable. {rule}', unreachable: 'Aucune valeur de « {field} » n’atteint cet objectif.', blocked: 'La politique de sécurité de cette page bloque WebAssembly.',
    rate: 'Il faut plus de 0 et au plus 1.', positive: 'Il faut plus de 0.', whole: 'Il faut un entier d’au moins 1.', open: 'Il faut plus de 0 et moins de 1.',
    noise: 'Il faut entre 0,01 et un million.', budget: 'Il faut entre 0 et un million.', batch: 'Il faut au plus la taille des données.',
  },
  de: {
    samplingRate: 'Ziehungsrate', noiseMultiplier: 'Rauschfaktor', steps: 'Schritte', datasetSize: 'Größe des Datensatzes',
    batchSize: 'Losgröße', epochs: 'Epochen', delta: 'Delta', epsilon: 'Epsilon',
    title: 'Privatheitsrechner', between: 'bewiesen: zwischen {lower} und {upper}', atMost: 'höchstens',
    spends: 'verbraucht Epsilon {epsilon} bei Delta {delta}', edgeworth: 'Edgeworth-Schätzung', rdp: 'Rényi-Schranke', gdp: 'Schätzung nach Gauß-DP',
    below: 'unter der Wahrheit', above: '{amount} zu hoch', within: 'im Intervall', compare: 'Andere Verfahren', method: 'Verfahren', value: 'Wert', remark: 'Gegenüber dem bewiesenen',
    keys: 'Pfeiltasten ändern den Wert, mit Umschalt zehnmal so weit.',
    invalid: '{field}: {value} ist nicht gültig. {rule}', unreachable: 'Kein Wert von „{field}“ erreicht dieses Ziel.', blocked: 'Die Sicherheitsrichtlinie dieser Seite verbietet WebAssembly.',
    rate: 'Erlaubt ist mehr als 0 und höchstens 1.', positive: 'Erlaubt ist mehr als 0.', whole: 'Erlaubt ist eine ganze Zahl ab 1.', open: 'Erlaubt ist mehr als 0 und weniger als 1.',
    noise: 'Erlaubt ist 0,01 bis eine Million.', budget: 'Erlaubt ist 0 bis eine Million.', batch: 'Erlaubt ist höchstens die Größe des Datensatzes.',
  },
  ja: {
    samplingRate: 'サンプリング率', noiseMultiplier: 'ノイズ乗数', steps: 'ステップ数', datasetSize: 'データ数',
    batchSize: 'バッチサイズ', epochs: 'エポック数', delta: 'δ', epsilon: 'ε',
    title: 'プライバシー計算機', between: '証明済み：{lower} から {upper} の間', atMost: '最大',
    spends: 'δ = {delta} で ε = {epsilon} を消費', edgeworth: 'Edgeworth 推定', rdp: 'Rényi 上界', gdp: 'ガウス DP 推定',
    below: '真の値より小さい', above: '{amount} 過大', within: '区間内', compare: '他の手法', method: '手法', value: '値', remark: '証明済みの値との差',
    keys: '矢印キーで増減、Shift で十倍。',
    invalid: '{field}：{value} は無効です。{rule}', unreachable: 'この目標を満たす{field}はありません。', blocked: 'このページのセキュリティポリシーが WebAssembly を禁止しています。',
    rate: '0 より大きく 1 以下でなければなりません。', positive: '0 より大きくなければなりません。', whole: '1 以上の整数でなければなりません。', open: '0 より大きく 1 未満でなければなりません。',
    noise: '0.01 から百万まででなければなりません。', budget: '0 から百万まででなければなりません。', batch: 'データ数以下でなければなりません。',
  },
};

/** Which rule's words go with a parameter. */
const ruleOf = {
  samplingRate: 'rate', noiseMultiplier: 'noise', steps: 'whole', datasetSize: 'whole',
  batchSize: 'positive', epochs: 'positive', delta: 'open', epsilon: 'budget',
};

/**
 * The words of the nearest language: that of the element, of the document, of the browser, else English.
 *
 * @param {string | undefined} lang
 */
export function language(lang) {
  const wanted = [lang, globalThis.document?.documentElement.lang, globalThis.navigator?.language, 'en'];
  for (const tag of wanted) {
    const found = tag && words[tag.slice(0, 2).toLowerCase()];
    if (found) return found;
  }
  return words.en;
}

/**
 * @param {string} text
 * @param {Record<string, string>} values
 */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/**
 * An error of the accountant in the reader's language; `value` is what was typed.
 *
 * @param {any} error
 * @param {Record<string, string>} w
 * @param {string} [value]
 */
export function explain(error, w, value = String(error.value)) {
  if (error.code === 'ERR_WASM_BLOCKED') return w.blocked;
  const field = w[error.parameter] ?? error.parameter;
  if (error.code === 'ERR_UNREACHABLE') return fill(w.unreachable, { field: w[error.field] ?? field });
  if (error.code !== 'ERR_OUT_OF_RANGE') return error.message;
  const rule = error.parameter === 'batchSize' && error.value > 0 ? w.batch : (w[ruleOf[/** @type {keyof typeof ruleOf} */ (error.parameter)]] ?? '');
  return fill(w.invalid, { field, value: value || '—', rule });
}
