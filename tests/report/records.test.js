// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {InputError, parseComparison, parseRecords, reached} from '../../bench/report/records.js';
import {asText, comparison, record, records} from './fixture.js';

const refuses = (text, message) => assert.throws(() => parseRecords(text, 'file'), (fault) => {
  assert.ok(fault instanceof InputError, String(fault));
  assert.match(fault.message, message);
  return true;
});
const without = (key) => {
  const r = record('ipc', 'a', 1);
  delete r[key];
  return asText([r]);
};

test('records are read', () => {
  assert.deepEqual(parseRecords(asText(records()), 'file'), records());
});

test('a file that ends within a line is refused', () => {
  refuses(asText(records()).slice(0, -20), /file:\d+: the last line has no end: is the file truncated\?/);
});

test('a line that is no JSON is refused, with its number', () => {
  refuses(`${asText([record('ipc', 'a', 1)])}{"suite":"ipc","ro{"suite"\n`, /^file:2: no JSON object/);
});

test('a line that is no object is refused', () => {
  for (const line of ['null', '[]', '3']) refuses(`${line}\n`, /^file:1: no object/);
});

for (const key of ['suite', 'row', 'unit', 'n', 'q1', 'p99', 'mode', 'cpu', 'smp', 'options', 'commit']) {
  test(`a record without ${key} is refused`, () => {
    refuses(without(key), new RegExp(`file:1: the record has no ${key}`));
  });
}

test('fields of another type are refused', () => {
  refuses(asText([record('ipc', 'a', 1, {mean: '1'})]), /mean is no number: "1"/);
  refuses(asText([record('ipc', 'a', 1, {first: -1})]), /first is no number: -1/);
  refuses(asText([record('ipc', '', 1)]), /row is no text/);
});

test('a limit is held against the median, or against the worst', () => {
  assert.equal(reached(record('a', 'b', 1, {max: 2})), 1);
  assert.equal(reached(record('a', 'b', 1, {max: 2, worst: true})), 2);
  refuses(asText([record('a', 'b', 1, {worst: 'yes'})]), /worst is no truth value/);
});

test('figures that are out of order are refused', () => {
  refuses(asText([record('ipc', 'a', 5, {q1: 6})]), /q1 is greater than median/);
});

test('a row that is there twice is refused', () => {
  refuses(asText([record('ipc', 'a', 1), record('ipc', 'a', 1)]), /^file:2: ipc a is there twice/);
});

test('one row on two machines is no duplicate', () => {
  parseRecords(asText([record('ipc', 'a', 1), record('ipc', 'a', 1, {cpu: 'Skylake-Client'})]), 'file');
});

test('a file without records is refused', () => refuses('', /file:1: the last line|there are no records/));

test('a comparison is read; what is none is refused', () => {
  assert.equal(parseComparison(JSON.stringify(comparison()), 'c').length, comparison().length);
  assert.throws(() => parseComparison('[{"title":', 'c'), /c: no JSON; is the file truncated/);
  assert.throws(() => parseComparison('[{}]', 'c'), /c: no comparison/);
});
