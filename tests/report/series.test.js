// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {planFigures} from '../../bench/report/figures.js';
import {findSeries, shortNames, splitRow} from '../../bench/report/series.js';
import {record, records} from './fixture.js';

const list = (row, values, more) => values.map((v) => record('a', `${row}/${v}`, 10, more));

test('the last part of a name is the parameter, with a letter or without', () => {
  assert.deepEqual(splitRow('ipc', 'roundtrip/inter/63w'), {prefix: 'ipc/roundtrip/inter', parameter: 63});
  assert.deepEqual(splitRow('map', 'width/100000'), {prefix: 'map/width', parameter: 100000});
  assert.equal(splitRow('syscall', 'null'), null);
  assert.equal(splitRow('map', 'unmap/100-spaces'), null);
  assert.equal(splitRow('a', '5'), null);
});

test('a series is sorted by its parameter as a number', () => {
  const [series] = findSeries(list('x', [16, 2, 128]));
  assert.deepEqual(series.points.map((p) => p.x), [2, 16, 128]);
});

test('two rows make no series', () => assert.deepEqual(findSeries(list('x', [1, 2])), []));

test('units and options are not mixed in a series', () => {
  const both = [...list('x', [1, 2, 3]), ...list('x', [1, 2, 3], {unit: 'cycles'}),
    ...list('x', [1, 2, 3], {options: 'fastpath=off'})];
  assert.equal(findSeries(both).length, 3);
});

test('names are shortened to what differs', () => {
  assert.deepEqual(shortNames(['a/b/x', 'a/c/x']), ['b', 'c']);
  assert.deepEqual(shortNames(['a/b']), ['b']);
  assert.deepEqual(shortNames(['a/b', 'a/b/c']), ['b', 'c']);
});

test('all plots that are wanted are found in a whole run', () => {
  const {figures, missing} = planFigures(records());
  assert.deepEqual(missing, []);
  for (const id of ['ipc-words', 'ipc-string', 'ready-threads', 'revocation']) {
    assert.ok(figures.some((f) => f.id === id), id);
  }
  assert.equal(figures[0].series[0].label, 'between spaces');
});

test('a plot without series is named as missing, an optional one is not', () => {
  const {figures, missing} = planFigures(records().filter((r) => !/ready|depth/.test(r.row)));
  assert.deepEqual(missing, ['Cost, by number of ready threads']);
  assert.ok(figures.every((f) => f.series.length > 0));
});

test('a series that no plot takes has one of its own', () => {
  const {figures} = planFigures(list('some/thing', [1, 10, 100]));
  assert.deepEqual(figures.map((f) => [f.id, f.title, f.logX]), [['a-some-thing', 'a/some/thing', true]]);
});

test('figures of two units are two plots', () => {
  const trips = records().filter((r) => /roundtrip/.test(r.row));
  const timed = trips.map((r) => ({...r, unit: 'cycles', mode: 'time'}));
  const ids = planFigures([...records(), ...timed]).figures.map((f) => f.id);
  assert.ok(ids.includes('ipc-words') && ids.includes('ipc-words-cycles'));
  assert.equal(new Set(ids).size, ids.length);
});

test('series of two sets of options say which they are of', () => {
  const more = records().filter((r) => /roundtrip/.test(r.row)).map((r) => ({...r, options: 'fastpath=off'}));
  const {figures} = planFigures([...records(), ...more]);
  assert.deepEqual(figures[0].series.map((s) => s.label).sort(), ['between spaces (fastpath=off)',
    'between spaces (no options)', 'in one space (fastpath=off)', 'in one space (no options)']);
});
