// SPDX-License-Identifier: MIT
// The records of ./mica bench --json: one JSON object a line.

// What is wrong with what a person gave us; told without a stack.
export class InputError extends Error {}

const texts = ['suite', 'row', 'unit', 'mode', 'cpu', 'options', 'commit'];
const numbers = ['n', 'min', 'q1', 'median', 'q3', 'p99', 'max', 'mean', 'stddev', 'smp'];
const perhaps = ['first', 'target', 'best'];
const mayBeEmpty = new Set(['options']);

function checkField(record, key, isGood, what, place) {
  if (record[key] === undefined) throw new InputError(`${place}: the record has no ${key}`);
  if (isGood(record[key])) return;
  throw new InputError(`${place}: ${key} is no ${what}: ${JSON.stringify(record[key])}`);
}

function checkRecord(record, place) {
  if (record === null || typeof record !== 'object' || Array.isArray(record)) {
    throw new InputError(`${place}: no object`);
  }
  for (const key of texts) {
    checkField(record, key, (v) => typeof v === 'string' && (v !== '' || mayBeEmpty.has(key)), 'text', place);
  }
  for (const key of [...numbers, ...perhaps.filter((k) => k in record)]) {
    checkField(record, key, (v) => Number.isFinite(v) && v >= 0, 'number', place);
  }
  if ('worst' in record) checkField(record, 'worst', (v) => typeof v === 'boolean', 'truth value', place);
  const ordered = ['min', 'q1', 'median', 'q3', 'max'];
  for (let i = 1; i < ordered.length; ++i) {
    if (record[ordered[i - 1]] > record[ordered[i]]) {
      throw new InputError(`${place}: ${ordered[i - 1]} is greater than ${ordered[i]}`);
    }
  }
}

// What a row's limit is held against.
export const reached = (record) => (record.worst ? record.max : record.median);

// Where and how a record was taken.
export const machineOf = ({cpu, smp, options, mode}) => JSON.stringify([cpu, smp, options, mode]);

// The records of a file's text. `name` is the file's, for messages.
export function parseRecords(text, name) {
  const lines = text.split('\n');
  if (lines.pop() !== '') {
    throw new InputError(`${name}:${lines.length + 1}: the last line has no end: is the file truncated?`);
  }
  const seen = new Set();
  const records = lines.map((line, i) => {
    const place = `${name}:${i + 1}`;
    let record;
    try {
      record = JSON.parse(line);
    } catch {
      throw new InputError(`${place}: no JSON object: ${JSON.stringify(line.slice(0, 60))}`);
    }
    checkRecord(record, place);
    const key = `${record.suite}/${record.row}/${machineOf(record)}`;
    if (seen.has(key)) throw new InputError(`${place}: ${record.suite} ${record.row} is there twice`);
    seen.add(key);
    return record;
  });
  if (records.length === 0) throw new InputError(`${name}: there are no records`);
  return records;
}

// What bench/host/compare --json prints.
export function parseComparison(text, name) {
  let rows;
  try {
    rows = JSON.parse(text);
  } catch {
    throw new InputError(`${name}: no JSON; is the file truncated?`);
  }
  const isRow = (row) => row?.title && Array.isArray(row.others) && row.ours !== undefined;
  if (Array.isArray(rows) && rows.every(isRow)) return rows;
  throw new InputError(`${name}: no comparison`);
}
