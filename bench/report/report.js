// SPDX-License-Identifier: MIT
// The files of a report: the page, and each plot as SVG for light and for dark.
import {readFileSync} from 'node:fs';
import {page} from './page.js';
import {asDark} from './palette.js';
import {comparisonPlots, distributionPlots, seriesPlots} from './plots.js';

export function makeReport(records, comparison) {
  const series = seriesPlots(records), spread = distributionPlots(records);
  const beside = comparisonPlots(comparison);
  const style = readFileSync(new URL('style.css', import.meta.url), 'utf8');
  const files = new Map([['index.html', page({records, comparison, style, series, spread, beside})]]);
  for (const plot of [...series.plots, ...spread.plots, ...beside]) {
    files.set(`${plot.id}.svg`, plot.svg.wide);
    files.set(`${plot.id}-dark.svg`, asDark(plot.svg.wide));
  }
  return files;
}
